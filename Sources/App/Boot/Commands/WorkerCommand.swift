// reactor worker

import ArgumentParser
import Logging
import Reactor

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Run jobs, and serve nothing.", discussion: "Ends with SIGTERM, after the jobs it runs.")

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let configuration = try options.load().configuration
        let logger = LogOutput.logger(configuration.log)
        let ending = ShutdownProgress()
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let loop = group.loops[0]
            let termination = TerminationWatch(loop: loop)
            try await termination.start(configuration, ending: ending, logger: logger)
            do {
                let backend = try await Backend(on: group, configuration, logger: logger)
                await WorkerCommand.work(backend, termination, ending)
            } catch {
                await termination.stop()
                throw error
            }
            await termination.stop()
            ending.begin("threads of the event loop, of files and of name resolution")
        }
        logger.notice("stopped")
    }

    /// Until the operator says stop.
    private static func work(_ backend: Backend, _ termination: TerminationWatch, _ ending: ShutdownProgress) async {
        let services = Services(of: backend, on: backend.loops[0])
        let handlers = JobHandlers.all(services)
        backend.listen()
        // A worker has no health endpoint: its own checks find an SQLite file that was deleted, and a Redis that writes again.
        await backend.health.start()
        let worker = RunningWorker(services, handlers: handlers)
        backend.logger.notice("working", metadata: ["kinds": "\(handlers.keys.sorted().joined(separator: ", "))"])
        await termination.drainFromNowOn()
        let signal = await termination.wait()
        backend.logger.notice("stopping", metadata: ["signal": "\(signal)"])
        await worker.stop(within: backend.configuration.server.orderlyGrace, ending)
        await backend.shutdown(ending)
    }
}

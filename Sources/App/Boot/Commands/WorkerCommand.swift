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
            let backend = try await Backend(on: group, configuration, logger: logger)
            let services = Services(of: backend, on: loop)
            let handlers = JobHandlers.all(services)
            backend.listen()
            let worker = RunningWorker(services, handlers: handlers)
            logger.notice("working", metadata: ["kinds": "\(handlers.keys.sorted().joined(separator: ", "))"])
            await termination.drainFromNowOn()
            let signal = await termination.wait()
            logger.notice("stopping", metadata: ["signal": "\(signal)"])
            await worker.stop(within: configuration.server.shutdownGrace, ending)
            await backend.shutdown(ending)
            await termination.stop()
            ending.begin("threads of the event loop, of files and of name resolution")
        }
        logger.notice("stopped")
    }
}

// The real API as its users use it: everybody registers, signs in, and then lists, reads, writes and deletes tasks of their own,
// looks at the profile, at products, and uploads now and then.

import FoundationEssentials
import Reactor

/// A mix of the application's requests, each user with an account and a token of their own.
struct APIScenario: Scenario {
    enum Operation: Int, CaseIterable, Sendable {
        case register, logIn
        case listTasks, createTask, getTask, updateTask, deleteTask, statistics, profile, listProducts, upload

        var name: String {
            switch self {
            case .register: "register"
            case .logIn: "log in"
            case .listTasks: "list tasks"
            case .createTask: "create task"
            case .getTask: "get task"
            case .updateTask: "update task"
            case .deleteTask: "delete task"
            case .statistics: "task statistics"
            case .profile: "profile"
            case .listProducts: "list products"
            case .upload: "upload"
            }
        }
    }

    /// How often each is done, in parts of their sum.
    struct Mix: Sendable {
        var weights: [(Operation, Int)]

        static let mixed = Mix(weights: [
            (.listTasks, 40), (.getTask, 15), (.createTask, 12), (.updateTask, 8), (.deleteTask, 5), (.statistics, 5), (.profile, 8),
            (.listProducts, 5), (.upload, 2),
        ])
        static let reads = Mix(weights: [(.listTasks, 70), (.getTask, 15), (.profile, 15)])
        static let writes = Mix(weights: [(.createTask, 50), (.updateTask, 30), (.deleteTask, 20)])
        static let tasks = Mix(weights: [(.listTasks, 1)])
        static let logins = Mix(weights: [(.logIn, 1)])

        static let named: [String: Mix] = [
            "api": mixed, "api-reads": reads, "api-writes": writes, "api-tasks": tasks, "api-logins": logins,
        ]
    }

    let name: String
    let operations = Operation.allCases.map(\.name)
    private let host: String
    private let mix: Mix
    /// Tells the users of this run from those of the ones before.
    private let run: String

    init(name: String, _ mix: Mix, _ url: TargetURL, run: String = String(UInt64.random(in: .min ... .max), radix: 36)) {
        self.name = name
        self.mix = mix
        self.run = run
        host = url.host
    }

    func user(_ number: Int) -> any VirtualUser {
        User(email: "load-\(run)-\(number)@example.com", host: host, mix: mix, random: SmallGenerator(seed: UInt64(number) &+ 1))
    }
}

extension APIScenario {
    fileprivate struct User: VirtualUser {
        private enum Stage {
            case new, registered, signedIn
        }

        let email: String
        let host: String
        let mix: Mix
        var random: SmallGenerator
        private var stage = Stage.new
        private var authorization = ""
        /// Tasks that were created and not deleted.
        private var tasks: [Int] = []
        private var counter = 0
        private static let password = "correct horse battery staple"
        private static let maxTasks = 20

        init(email: String, host: String, mix: Mix, random: SmallGenerator) {
            self.email = email
            self.host = host
            self.mix = mix
            self.random = random
        }

        var isReady: Bool { if case .signedIn = stage { true } else { false } }

        mutating func next() -> LoadRequest {
            switch stage {
            case .new:
                return request(
                    .register, "POST", "/api/v1/auth/register", json: #"{"email":"\#(email)","password":"\#(User.password)"}"#,
                    isMeasured: false)
            case .registered:
                return logIn(isMeasured: false)
            case .signedIn:
                return request(for: choose())
            }
        }

        private mutating func choose() -> Operation {
            let total = mix.weights.reduce(0) { $0 + $1.1 }
            var ticket = Int(random.next() % UInt64(max(1, total)))
            for (operation, weight) in mix.weights {
                if ticket < weight { return operation }
                ticket -= weight
            }
            return mix.weights[0].0
        }

        private mutating func request(for chosen: Operation) -> LoadRequest {
            counter += 1
            switch chosen {
            case .createTask: return create()
            case .getTask:
                guard let id = anyTask() else { return create() }
                return request(.getTask, "GET", "/api/v1/tasks/\(id)")
            case .updateTask:
                guard let id = anyTask() else { return create() }
                return request(.updateTask, "PATCH", "/api/v1/tasks/\(id)", json: #"{"status":"in_progress"}"#)
            case .deleteTask:
                guard !tasks.isEmpty else { return create() }
                return request(.deleteTask, "DELETE", "/api/v1/tasks/\(tasks.removeLast())")
            case .statistics: return request(.statistics, "GET", "/api/v1/tasks/statistics")
            case .profile: return request(.profile, "GET", "/api/v1/auth/me")
            case .listProducts: return request(.listProducts, "GET", "/api/v1/products")
            case .upload: return upload()
            case .logIn, .register: return logIn(isMeasured: true)
            case .listTasks: return request(.listTasks, "GET", "/api/v1/tasks?limit=10")
            }
        }

        private mutating func create() -> LoadRequest {
            // One's list stays short, or the mix would measure another thing at its end than at its beginning.
            guard tasks.count < User.maxTasks else { return request(.deleteTask, "DELETE", "/api/v1/tasks/\(tasks.removeLast())") }
            return request(.createTask, "POST", "/api/v1/tasks", json: #"{"title":"Task \#(counter)","priority":"high"}"#, needsBody: true)
        }

        private mutating func anyTask() -> Int? {
            tasks.isEmpty ? nil : tasks[Int(random.next() % UInt64(tasks.count))]
        }

        private func logIn(isMeasured: Bool) -> LoadRequest {
            request(
                .logIn, "POST", "/api/v1/auth/login", json: #"{"username":"\#(email)","password":"\#(User.password)"}"#, needsBody: true,
                isMeasured: isMeasured)
        }

        private func upload() -> LoadRequest {
            let boundary = "load-boundary"
            let content = String(repeating: "0123456789abcdef", count: 64)
            let body =
                "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"note.txt\"\r\nContent-Type: text/plain\r\n\r\n"
                + "\(content)\r\n--\(boundary)--\r\n"
            return LoadRequest(
                operation: Operation.upload.rawValue,
                bytes: RequestText.bytes(
                    "POST", "/api/v1/upload", host: host,
                    fields: [("Authorization", authorization), ("Content-Type", "multipart/form-data; boundary=\(boundary)")],
                    body: Array(body.utf8)))
        }

        private func request(
            _ operation: Operation, _ method: String, _ target: String, json: String? = nil, needsBody: Bool = false,
            isMeasured: Bool = true
        ) -> LoadRequest {
            var fields: [(String, String)] = []
            if !authorization.isEmpty { fields.append(("Authorization", authorization)) }
            if json != nil { fields.append(("Content-Type", "application/json")) }
            return LoadRequest(
                operation: operation.rawValue,
                bytes: RequestText.bytes(method, target, host: host, fields: fields, body: Array((json ?? "").utf8)),
                needsBody: needsBody, isMeasured: isMeasured)
        }

        mutating func received(_ answer: LoadAnswer, to request: LoadRequest) -> Bool {
            guard (200..<300).contains(answer.status) else { return false }
            switch Operation(rawValue: request.operation) {
            case .register:
                stage = .registered
            case .logIn:
                guard let token = text("access_token", in: answer.body) else { return false }
                authorization = "Bearer \(token)"
                stage = .signedIn
            case .createTask:
                guard let id = number("id", in: answer.body) else { return false }
                tasks.append(id)
            default: break
            }
            return true
        }

        private func text(_ name: String, in json: [UInt8]) -> String? { member(name, in: json) as? String }
        private func number(_ name: String, in json: [UInt8]) -> Int? { member(name, in: json) as? Int }

        private func member(_ name: String, in json: [UInt8]) -> Any? {
            struct Answer: Decodable {
                var access_token: String?
                var id: Int?
            }
            guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(json)) else { return nil }
            return name == "id" ? answer.id : answer.access_token
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014): the same user does the same things in
/// every run.
struct SmallGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

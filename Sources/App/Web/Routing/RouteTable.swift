// All routes of the application: mounted, indexed, listed. Made once at boot; shared by all loops.

import Reactor

/// The routes that are served.
struct RouteTable: Sendable {
    /// In the order of their declaration, which is the order of the documentation.
    let routes: [Route]
    let router: Router

    /// A prefix and the features that live under it.
    struct Mount {
        /// Empty for the root, else like `/api/v1`.
        let prefix: String
        let groups: [RouteGroup]

        init(_ prefix: String, _ groups: RouteGroup...) {
            self.prefix = prefix
            self.groups = groups
        }

        init(_ prefix: String, _ groups: [RouteGroup]) {
            self.prefix = prefix
            self.groups = groups
        }
    }

    init(_ mounts: Mount...) {
        routes = mounts.flatMap { mount in
            mount.groups.flatMap { group in
                group.declarations.map { Route($0, prefix: mount.prefix) }
            }
        }
        router = Router(routes)
        // The router tells {id:int} from {id:uuid}; a reader of the documentation does so by the parameters' names.
        let names = routes.map { "\($0.method.rawValue) \($0.label)" }
        precondition(Set(names).count == names.count, "two routes are documented as one: name their parameters differently")
    }
}

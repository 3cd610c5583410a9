// Migration 3: how far jobs are, and schedules. The text is the queue's own.

import Actors
import Reactor

extension Migration {
    static let m0003Jobs = Migration(
        version: 3, name: "jobs",
        up: Script(postgres: JobSchema.version2(.postgres), sqlite: JobSchema.version2(.sqlite)),
        down: Script(postgres: JobSchema.undoVersion2(.postgres), sqlite: JobSchema.undoVersion2(.sqlite)))
}

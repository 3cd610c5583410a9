// Cron expressions as settings. Pure.

import Actors

extension SettingKind where Value == CronExpression {
    static let cron = SettingKind(
        form: "five fields as in cron, or @daily, @hourly ...",
        parse: { text throws(InvalidSetting) in
            do throws(CronSyntaxError) {
                return try CronExpression(text)
            } catch {
                throw InvalidSetting(reason: error.reason)
            }
        },
        render: \.text)
}

extension Command {
    static let config = Command(
        name: "config", summary: "Shows every setting, its value and where that came from.",
        usage: "perigee config [--markdown] [--profile NAME] [NAME=value …]",
        details: """
              --markdown   the table of docs/configuration.md: all settings with their defaults and purpose

              --profile NAME   with the defaults of that profile

            Secrets are masked. An unusable value or an unknown PERIGEE_* or OZ_PROVIDER_* name ends with code 64.
            """, valued: ["--profile"]
    ) { arguments in
        try arguments.expect(options: ["--markdown", "--profile"])
        if arguments.options.contains("--markdown") {
            Terminal.print(SettingListing.markdown)
            return 0
        }
        let settings = try Settings.ofProcess(commandLine: arguments.settingsWithProfile)
        Terminal.print(SettingListing.effective(settings))
        return 0
    }
}

/// The settings as text for people.
enum SettingListing {
    /// Values in columns: name, value, origin.
    static func effective(_ settings: Settings) -> String {
        let rows = settings.all.map { setting -> [String] in
            let (text, origin) = settings.source.text(of: setting)
            let shown = text.isEmpty ? "(off)" : setting.isSecret ? "•••" : text
            return [setting.name, shown, origin.description]
        }
        return columns(rows)
    }

    static var markdown: String {
        let settings: [any AnySetting] = SettingTable.all + SettingTable.families.flatMap(\.shown)
        let rows = settings.map { setting in
            let fallback = setting.fallback.isEmpty ? "off" : "`\(setting.fallback)`"
            return "| `\(setting.name)` | \(fallback) | \(setting.acceptedDescription) | \(setting.purpose) |"
        }
        return """
            # Configuration

            Settings come from `NAME=value` words on the command line, the environment, and a `.env` file in the working
            directory (`PERIGEE_ENV_FILE` names another), in this order. `perigee config` prints the values in force and where
            each came from. This page is made from the code: `perigee config --markdown`.

            | name | default | takes | purpose |
            |---|---|---|---|
            \(rows.joined(separator: "\n"))

            """
    }

    static func columns(_ rows: [[String]]) -> String {
        let widths = rows.reduce(into: [Int](repeating: 0, count: rows.first?.count ?? 0)) { widths, row in
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) }
        }
        return rows.map { row in
            let cells = row.enumerated().map { index, cell in
                index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
            }
            return cells.joined(separator: "  ") + "\n"
        }.joined()
    }
}

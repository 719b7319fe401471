import Glibc

@main
enum Perigee {
    static func main() { exit(Command.main(Array(CommandLine.arguments.dropFirst()))) }
}

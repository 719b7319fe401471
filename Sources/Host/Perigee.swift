import Runtime

@main
enum Perigee {
    static func main() {}
}

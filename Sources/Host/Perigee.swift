@main
enum Perigee {
    static func main() {}
}

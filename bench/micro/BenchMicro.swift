/// Measures the primitives one by one; prints one JSON object a line.
@main
enum BenchMicro {
    static func main() {
        jsonBench()
    }
}

import Glibc

/// Lets a test hold a thread until it says go; one `open` lets one `wait` pass.
public final class Gate: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    public init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    public func open() { sem_post(semaphore) }
    public func wait() { while sem_wait(semaphore) != 0 && errno == EINTR {} }
}

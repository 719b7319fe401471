@testable import Host

//! Connections that say nothing, or say it slowly.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{QUIET, Serving, today, until};

#[test]
fn a_thousand_slow_connections_do_not_keep_health_from_being_told() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(4096, |most| most.min(4096));
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }).expect("a limit");
    // What this process has open besides needs descriptors, too.
    let many = wanted.saturating_sub(200).min(1000);
    assert!(many >= 600, "a limit of {wanted} open files is too low to make connections give way (ulimit -Hn)");
    let company = today(QUIET);
    let serving = Serving::start(&company);
    let mut slow = Vec::new();
    for number in 0..many {
        let mut stream = TcpStream::connect(serving.address).expect("a connection");
        // Half of them say nothing, half begin a request that never ends.
        if number % 2 == 0 {
            // It may have had to make room already.
            drop(stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "));
        }
        slow.push(stream);
    }
    let before = Instant::now();
    for _ in 0..20 {
        assert_eq!(serving.get("/healthz").status, 200);
    }
    assert!(before.elapsed() < Duration::from_secs(10), "health took {:?}; {}", before.elapsed(), serving.why());
    // The fault fired: connections had to make room, and the rest ends by itself.
    until("the slow ones are ended", || {
        let open = slow.iter().filter(|stream| {
            stream.set_nonblocking(true).expect("a mode");
            let mut byte = [0];
            matches!(stream.peek(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
        });
        (open.count() < 600).then_some(())
    });
    assert_eq!(serving.known("GET", "/metrics", "").status, 200);
}

//! A stub that is no stub: another server of this machine answers, one that we did not write. Faults, limits and latency
//! then lie over an implementation that is not ours.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use bytes::Bytes;

use super::answer::Answer;
use super::asked::Asked;
use super::server::Stub;

/// Longest wait for the server behind.
const PATIENCE: Duration = Duration::from_mins(1);

/// Headers that concern one connection only.
const HOP: &[&str] = &["connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "expect"];

/// Passes every request on as it came, `Host` included, so that signatures over it stay right.
#[derive(Debug, Clone)]
pub struct Forward {
    port: u16,
}

impl Forward {
    /// To the plain-text server at this address, such as what `tests/servers` writes: `http://127.0.0.1:20000`. `None` where
    /// it is none of this machine.
    pub fn to(address: &str) -> Option<Self> {
        let rest = address.strip_prefix("http://127.0.0.1:")?;
        Some(Self { port: rest.trim_end_matches('/').parse().ok()? })
    }

    fn ask(&self, asked: &Asked) -> io::Result<Answer> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mark = if asked.raw_query.is_empty() { "" } else { "?" };
        let mut head = format!("{} {}{mark}{} HTTP/1.1\r\n", asked.method, asked.path, asked.raw_query).into_bytes();
        if !asked.headers.contains_key("host") {
            // HTTP/2 says it elsewhere.
            let host = asked.origin.split("://").nth(1).unwrap_or_default();
            head.extend_from_slice(format!("host: {host}\r\n").as_bytes());
        }
        for (name, value) in asked.headers.iter().filter(|(name, _)| !HOP.contains(&name.as_str())) {
            head.extend_from_slice(&[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        head.extend_from_slice(format!("content-length: {}\r\nconnection: close\r\n\r\n", asked.body.len()).as_bytes());
        stream.write_all(&head)?;
        stream.write_all(&asked.body)?;
        let mut whole = Vec::new();
        stream.read_to_end(&mut whole)?;
        parse(&whole).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no HTTP answer"))
    }
}

impl Stub for Forward {
    fn answer(&self, asked: &Asked) -> Answer {
        self.ask(asked).unwrap_or_else(|error| broken(self.port, &error))
    }
}

#[expect(clippy::panic, reason = "the server then fails the test, and says why")]
fn broken(port: u16, error: &io::Error) -> ! {
    panic!("the server behind, on port {port}: {error}")
}

fn parse(whole: &[u8]) -> Option<Answer> {
    let end = whole.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&whole[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    if status == 100 {
        return parse(&whole[end + 4..]);
    }
    let mut answer = Answer::status(status);
    let mut chunked = false;
    for line in lines {
        let (name, value) = line.split_once(':')?;
        chunked |= name.eq_ignore_ascii_case("transfer-encoding") && value.contains("chunked");
        if !HOP.contains(&name.to_ascii_lowercase().as_str()) {
            answer = answer.with(name, value.trim());
        }
    }
    let body = &whole[end + 4..];
    answer.body = if chunked { Bytes::from(unchunked(body)?) } else { Bytes::copy_from_slice(body) };
    Some(answer)
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(line + 2..line + 2 + size)?);
        rest = rest.get(line + 4 + size..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_with_and_without_chunks() {
        let plain =
            parse(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/xml\r\nContent-Length: 2\r\n\r\nno").expect("plain");
        assert_eq!((plain.status, plain.body.as_ref()), (403, b"no".as_slice()));
        assert!(!plain.headers.contains_key("content-length"));
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n";
        assert_eq!(parse(chunked).expect("chunked").body.as_ref(), b"abcde");
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab").is_none());
    }
}

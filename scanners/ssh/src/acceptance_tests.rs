//! A real sshd and a real client: what the server lets in is never called refused, and the other way round.

#![expect(clippy::disallowed_methods, reason = "the judge is a program of its own, and CI is told by the environment")]

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use scan_contract::{AccessKind, Status};

use crate::testing::{Folder, Host};

/// A server that ends with the test.
struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait().map(drop)) {
            eprintln!("the server did not end: {error}");
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path")
}

fn keygen(arguments: &[&str]) -> bool {
    Command::new("ssh-keygen").args(arguments).stdout(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn start(folder: &Folder) -> Option<Server> {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).ok()?.port();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {0}/host\nPidFile none\nAuthorizedKeysFile {0}/keys\nStrictModes no\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\nPermitRootLogin yes\n",
        text(&folder.0)
    );
    folder.write("config", config.as_bytes());
    if std::fs::create_dir_all("/run/sshd").is_err() {
        return None;
    }
    // Newer servers keep a source away that was refused often, and this test is refused on purpose.
    let told = Command::new("/usr/sbin/sshd").args(["-T", "-f", text(&folder.0.join("config"))]).output().ok()?;
    if String::from_utf8_lossy(&told.stdout).to_lowercase().contains("persourcepenalties") {
        folder.write("config", format!("{config}PerSourcePenalties no\n").as_bytes());
    }
    let child = Command::new("/usr/sbin/sshd")
        .args(["-D", "-f", text(&folder.0.join("config")), "-E", text(&folder.0.join("log"))])
        .stdin(Stdio::null())
        .spawn()
        .ok()?;
    let server = Server { child, port };
    // Until it listens: each attempt is a condition, and their number is the limit.
    (0..2_000_000).any(|_| TcpStream::connect(("127.0.0.1", port)).is_ok()).then_some(server)
}

/// Whether the server lets the key in with this file of keys.
fn accepts(folder: &Folder, server: &Server, user: &str, keys: &[u8], certificate: bool) -> bool {
    folder.write("keys", keys);
    let certificate = if certificate { folder.0.join("id-cert.pub") } else { folder.0.join("none") };
    Command::new("ssh")
        .args(["-i", text(&folder.0.join("id")), "-p", &server.port.to_string()])
        .args([
            "-o",
            &format!("CertificateFile={}", certificate.display()),
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "BatchMode=yes",
        ])
        .args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"])
        .args([&format!("{user}@127.0.0.1"), "true"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether the scanner finds something in the file that may let somebody in.
fn open(keys: &[u8]) -> (bool, usize) {
    let mut host = Host::new("web-1");
    host.file("home/ana/.ssh/authorized_keys", keys);
    let read = host.read();
    let mut found =
        read.found.iter().filter(|access| matches!(access.kind, AccessKind::SshKey | AccessKind::Certificate));
    let open = found.clone().any(|access| matches!(access.status, Status::Enabled));
    let gaps = read.gaps_of("web-1/authorized-keys").len();
    (open, found.by_ref().count() + gaps)
}

#[test]
fn a_server_and_the_scanner_agree_on_every_line() {
    let folder = Folder::new("accept");
    let at = |name: &str| folder.0.join(name);
    let made = keygen(&["-q", "-t", "ed25519", "-N", "", "-f", text(&at("host"))])
        && keygen(&["-q", "-t", "ed25519", "-N", "", "-C", "me", "-f", text(&at("id"))])
        && keygen(&["-q", "-t", "ed25519", "-N", "", "-f", text(&at("ca"))]);
    let who =
        Command::new("id").arg("-un").output().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let (true, Ok(user)) = (made, who) else { return skip("no ssh-keygen or id") };
    assert!(keygen(&["-q", "-s", text(&at("ca")), "-I", "x", "-n", &user, text(&at("id.pub"))]));
    let read = |name: &str| {
        let line = std::fs::read_to_string(at(name)).expect("a key");
        line.split(' ').take(2).collect::<Vec<_>>().join(" ")
    };
    let (key, authority, certificate) = (read("id.pub"), read("ca.pub"), read("id-cert.pub"));
    let Some(server) = start(&folder) else { return skip("sshd does not start here") };
    if !accepts(&folder, &server, &user, format!("{key}\n").as_bytes(), false) {
        return skip("sshd lets nobody in here");
    }
    let (kind, blob) = key.split_once(' ').expect("a type and a key");
    let (head, tail) = blob.split_at(20);
    let cases = [
        (format!("{key}\r\n"), false, true),
        (format!("\t  {key} # x\n"), false, true),
        (format!("pty,,no-user-rc, {key}\n"), false, true),
        (format!(",NO-PTY {key}\n"), false, true),
        (format!("{kind} {head}\u{b}{tail}\n"), false, true),
        (format!("from=\"127.0.0.1,::1\",tunnel=\"0\",expiry-time=\"20990101Z\" {key}\n"), false, true),
        (format!("# c\nnonsense\n{key} last line without an end"), false, true),
        (format!("cert-authority,principals=\"{user}\" {authority}\n"), true, true),
        (format!("future-option {key}\n"), false, false),
        (format!("ptyx {key}\n"), false, false),
        (format!("x=\"a b\" {key}\n"), false, false),
        (format!("principals=\"{user}\" {key}\n"), false, false),
        (format!("{certificate}\n"), true, false),
        (format!("expiry-time=\"20200101\" {key}\n"), false, false),
        (format!("expiry-time=\"tomorrow\" {key}\n"), false, false),
        (format!("permitopen=\"db\" {key}\n"), false, false),
        (format!("from=\"a\",from=\"127.0.0.1\" {key}\n"), false, false),
        (format!("environment=\"A-B=1\" {key}\n"), false, false),
        (format!("{kind} {head} {tail}\n"), false, false),
        (format!("ssh-rsa {blob}\n"), false, false),
    ];
    for (keys, certificate, expected) in cases {
        assert_eq!(accepts(&folder, &server, &user, keys.as_bytes(), certificate), expected, "sshd: {keys}");
        // A refusal is about the line only while the server still lets the plain key in.
        let plain = format!("{key}\n");
        assert!(expected || accepts(&folder, &server, &user, plain.as_bytes(), false), "nobody gets in after {keys}");
        let (open, seen) = open(keys.as_bytes());
        assert_eq!(open, expected, "the scanner: {keys}");
        assert!(seen > 0, "refused or not, the line stays in sight: {keys}");
    }
}

fn skip(why: &str) {
    assert!(std::env::var("CI").is_err(), "{why}, and CI is set");
    eprintln!("SKIPPED: {why}");
}

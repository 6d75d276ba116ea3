//! Fetches secrets from where the configuration says they are kept (SEC-1, SEC-2). It must never show one: every error
//! says what was tried and why it failed, and nothing of what was read.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant as Moment};

use hmac::{Hmac, KeyInit as _, Mac as _};
use rustix::fs::{Mode, OFlags};
use scan_contract::Cause;
use scan_transport::{SecretRef, Secrets};
use secrecy::ExposeSecret as _;
use sha2::Sha256;

pub use scan_transport::Secret;

/// Largest secret: a private key with its certificate chain is far below.
const LARGEST: u64 = 256 * 1024;
/// Time a credential command may take.
const COMMAND_TIME: Duration = Duration::from_secs(30);

/// Looks a variable up in the environment that the program was given. The error says why it gives no secret.
pub type Variables = Box<dyn Fn(&str) -> Result<String, &'static str> + Send + Sync>;

/// The same where every variable is text, and one that is not there is not set.
pub type Texts = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Why a variable gives no secret, where nothing is known but that it is not there.
pub const NOT_SET: &str = "is not set, or empty";

/// Fetches secrets for the scanners of one configuration.
pub struct Keeper {
    base: PathBuf,
    variables: Variables,
    command_time: Duration,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Keeper").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Keeper {
    /// Relative paths start at `base`. For an environment that holds nothing but text.
    pub fn new(base: PathBuf, variables: Texts) -> Self {
        Self::of(base, Box::new(move |name| variables(name).ok_or(NOT_SET)))
    }

    /// The same for an environment in which a variable may be no text.
    pub fn of(base: PathBuf, variables: Variables) -> Self {
        Self { base, variables, command_time: COMMAND_TIME }
    }

    /// The same with another limit for credential commands.
    #[must_use]
    pub fn waiting(mut self, command_time: Duration) -> Self {
        self.command_time = command_time;
        self
    }
}

impl Secrets for Keeper {
    fn fetch(&self, reference: &SecretRef) -> Result<Secret, Cause> {
        let text = match reference {
            SecretRef::File(path) => read_file(&self.base.join(path))?,
            SecretRef::Environment(name) => {
                (self.variables)(name).map_err(|why| failed(format!("environment variable {name}"), why))?
            }
            SecretRef::Command(command) => run_command(command, self.command_time)?,
        };
        let secret = text.trim_end_matches(['\n', '\r']);
        if secret.is_empty() {
            return Err(failed(describe(reference), "is empty"));
        }
        Ok(Secret::from(String::from(secret)))
    }
}

/// Where a secret is kept, in words.
pub fn describe(reference: &SecretRef) -> String {
    match reference {
        SecretRef::File(path) => format!("secret file {}", path.display()),
        SecretRef::Environment(name) => format!("environment variable {name}"),
        SecretRef::Command(command) => {
            format!("credential command {}", command.first().map_or("(none)", String::as_str))
        }
    }
}

fn failed(step: impl Into<String>, detail: impl std::fmt::Display) -> Cause {
    Cause::Unreachable { step: step.into(), detail: detail.to_string() }
}

/// A file that nobody else can read. It may be reached through links that stay inside the folder it is configured in,
/// which is how Kubernetes mounts secrets.
fn read_file(path: &Path) -> Result<String, Cause> {
    let step = || format!("open secret file {}", path.display());
    let real = path.canonicalize().map_err(|error| failed(step(), error))?;
    let folder = path.parent().unwrap_or(Path::new("/")).canonicalize().map_err(|error| failed(step(), error))?;
    if !real.starts_with(&folder) {
        let says = format!("it is a link that leaves {}; configure the file it leads to", folder.display());
        return Err(failed(step(), says));
    }
    let opened = rustix::fs::open(&real, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
    let file = File::from(opened.map_err(|error| failed(step(), error))?);
    let facts = file.metadata().map_err(|error| failed(step(), error))?;
    if !facts.is_file() {
        return Err(failed(step(), "it is not a regular file"));
    }
    guard(path, facts.mode(), facts.uid(), facts.gid())?;
    if facts.len() > LARGEST {
        return Err(failed(step(), format!("it is larger than {LARGEST} bytes")));
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).map_err(|error| failed(step(), error.kind()))?;
    Ok(text)
}

/// Owner and rights of a secret file (SEC-2): owned by root or the running user, nothing for others, and for a group only
/// if it is one of this process.
fn guard(path: &Path, mode: u32, owner: u32, group: u32) -> Result<(), Cause> {
    let step = || format!("secret file {}", path.display());
    let user = rustix::process::geteuid().as_raw();
    if owner != 0 && owner != user {
        return Err(failed(step(), format!("belongs to user {owner}, not to root or the running user {user}")));
    }
    if mode & 0o007 != 0 {
        return Err(failed(step(), format!("others have rights on it (mode {:03o}); chmod 600", mode & 0o777)));
    }
    let own_group = rustix::process::getegid().as_raw() == group;
    if mode & 0o070 != 0 && !own_group {
        let says =
            format!("group {group} has rights on it (mode {:03o}), and is not the group of this process", mode & 0o777);
        return Err(failed(step(), says));
    }
    Ok(())
}

/// Runs a program without a shell and takes what it writes. Its errors are not repeated: they may hold a secret.
#[expect(clippy::disallowed_methods, reason = "the one program that may be started, and its limit of time")]
fn run_command(command: &[String], time: Duration) -> Result<String, Cause> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(failed("credential command", "names no program"));
    };
    let step = || format!("credential command {program}");
    if !Path::new(program).is_absolute() {
        return Err(failed(step(), "needs an absolute path"));
    }
    let mut child = std::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(step(), error))?;
    let output = child.stdout.take();
    // Read on a thread of its own, so that a program that hangs can be ended.
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = output.map_or(Ok(0), |output| output.take(LARGEST).read_to_string(&mut text));
        // The receiver is gone when the time is over; then nobody wants the text.
        drop(sender.send(read.map(|_| text)));
    });
    let began = Moment::now();
    let read = receiver.recv_timeout(time);
    let status = end(&mut child, time.saturating_sub(began.elapsed())).map_err(|error| failed(step(), error))?;
    let (Ok(text), Some(status)) = (read, status) else {
        return Err(failed(step(), format!("did not end within {} s", time.as_secs_f64())));
    };
    let text = text.map_err(|error| failed(step(), error.kind()))?;
    if !status.success() {
        return Err(failed(step(), format!("ended with {status}")));
    }
    Ok(text)
}

/// Shortest secret that signs somebody in: guessing it has to be hopeless, since nothing else stands in the way.
const SHORTEST_PASSWORD: usize = 16;

/// A secret that somebody has to know. Only a keyed hash of it is kept.
pub struct Password {
    key: [u8; 16],
    digest: Vec<u8>,
}

impl std::fmt::Debug for Password {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Password").finish_non_exhaustive()
    }
}

impl Password {
    /// Keeps what is needed to recognise it. `key` is random and used for nothing else.
    ///
    /// # Errors
    /// Why it is none, without repeating it.
    pub fn new(secret: &Secret, key: [u8; 16]) -> Result<Self, String> {
        let text = secret.expose_secret();
        if text.len() < SHORTEST_PASSWORD {
            return Err(format!("is shorter than {SHORTEST_PASSWORD} bytes; draw one, such as `openssl rand -hex 32`"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(String::from("holds a character that no HTTP header carries; letters, digits and signs alone"));
        }
        Ok(Self { key, digest: keyed(&key, text.as_bytes()).finalize().into_bytes().to_vec() })
    }

    /// Whether it was offered. Takes the same time however much of it is right.
    pub fn matches(&self, offered: &[u8]) -> bool {
        keyed(&self.key, offered).verify_slice(&self.digest).is_ok()
    }
}

fn keyed(key: &[u8; 16], text: &[u8]) -> Hmac<Sha256> {
    // A shorter key is filled up with zeros by the definition of HMAC (RFC 2104).
    let mut block = [0; 64];
    block[..16].copy_from_slice(key);
    let mut mac = <Hmac<Sha256>>::new(&block.into());
    mac.update(text);
    mac
}

/// Hands a secret to whoever needs its bytes at once, such as a library that takes a private key.
pub fn reveal<T>(secret: &Secret, look: impl FnOnce(&[u8]) -> T) -> T {
    look(secret.expose_secret().as_bytes())
}

/// Waits for a program to end, and ends it when the time is over: then there is no status.
#[expect(clippy::disallowed_methods, reason = "a limit of time")]
fn end(child: &mut Child, time: Duration) -> std::io::Result<Option<ExitStatus>> {
    let began = Moment::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if began.elapsed() >= time {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn keeper(base: &Path) -> Keeper {
        Keeper::new(base.to_path_buf(), Box::new(|name| (name == "TOKEN").then(|| String::from("from-environment"))))
    }

    fn write(path: &Path, text: &str, mode: u32) {
        std::fs::write(path, text).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn says(result: Result<Secret, Cause>) -> String {
        match result {
            Ok(_) => panic!("a secret came back"),
            Err(cause) => cause.to_string(),
        }
    }

    #[test]
    fn a_file_of_ones_own_is_read_without_its_line_end_and_one_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let reference = SecretRef::File(PathBuf::from("token"));
        write(&path, "s3cret-value\n", 0o600);
        assert_eq!(keeper(folder.path()).fetch(&reference).unwrap().expose_secret(), "s3cret-value");
        for mode in [0o604, 0o644, 0o602] {
            write(&path, "s3cret-value\n", mode);
            let text = says(keeper(folder.path()).fetch(&reference));
            assert!(text.contains("others have rights") && !text.contains("s3cret"), "{text}");
        }
    }

    #[test]
    fn a_link_inside_its_folder_is_followed_and_one_that_leaves_it_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let mount = folder.path().join("mount");
        std::fs::create_dir_all(mount.join("..data")).unwrap();
        write(&mount.join("..data/token"), "inside", 0o400);
        std::os::unix::fs::symlink("..data/token", mount.join("token")).unwrap();
        assert_eq!(keeper(&mount).fetch(&SecretRef::File(PathBuf::from("token"))).unwrap().expose_secret(), "inside");
        write(&folder.path().join("elsewhere"), "outside", 0o600);
        std::os::unix::fs::symlink("../elsewhere", mount.join("astray")).unwrap();
        let text = says(keeper(&mount).fetch(&SecretRef::File(PathBuf::from("astray"))));
        assert!(text.contains("link that leaves"), "{text}");
    }

    #[test]
    fn a_variable_that_is_not_set_and_an_empty_file_are_no_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = keeper(folder.path());
        let set = keeper.fetch(&SecretRef::Environment(String::from("TOKEN"))).unwrap();
        assert_eq!(set.expose_secret(), "from-environment");
        assert!(says(keeper.fetch(&SecretRef::Environment(String::from("OTHER")))).contains("not set"));
        write(&folder.path().join("empty"), "\n", 0o600);
        assert!(says(keeper.fetch(&SecretRef::File(PathBuf::from("empty")))).contains("is empty"));
    }

    #[test]
    fn a_keeper_shows_no_secret() {
        let keeper = keeper(Path::new("/somewhere"));
        assert!(!format!("{keeper:?}").contains("from-environment"));
    }

    #[test]
    fn a_password_is_recognised_whole_and_a_short_one_is_refused() {
        let password = Password::new(&Secret::from("sixteen-bytes-ok"), [3; 16]).unwrap();
        assert!(password.matches(b"sixteen-bytes-ok"));
        for other in [&b"sixteen-bytes-o"[..], b"sixteen-bytes-okk", b"", b"Sixteen-bytes-ok"] {
            assert!(!password.matches(other));
        }
        assert!(Password::new(&Secret::from("fifteen-bytes-x"), [3; 16]).is_err());
        assert!(Password::new(&Secret::from("with a space in the middle"), [3; 16]).is_err());
        assert!(!format!("{password:?}").contains("sixteen"));
    }
}

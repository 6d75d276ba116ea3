//! Recordings that are read instead of a system (`replay:`).

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use http::Method;
use scan_contract::{Cause, Instant};
use scan_transport::allow::{Action, AllowList, Keep, Operation, Purpose};
use scan_transport::settings::{Connection, OriginRule, Reach, Settings};
use scan_transport::{Dialect, Door, Request};
use sha2::{Digest, Sha256};
use url::Url;

use crate::help::host::hex;
use crate::help::swapped::wait;
use crate::help::unseen::check_inert;

pub(super) const HOLDS: &str = "a recording that opens is whole: without its last line, or with any part of it cut off, it does not; \
    what it answers is a reply or a cause that is no scanner's own mistake; no message acts";

static LIST: AllowList = AllowList {
    connector: "fuzz",
    operations: &[Operation {
        name: "GET /things",
        method: "GET",
        path: "/things",
        action: Action::Plain,
        purpose: Purpose::Read,
        rights: &[],
        keep: Keep::Json(&["*"]),
    }],
};

/// A folder of this process, taken away by whoever cleans the temporary directory: a fuzzer ends without notice.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("holdover-fuzz-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for recordings");
        path
    })
}

pub(super) fn run(bytes: &[u8]) {
    // A part that ends with a line end is given the last line that belongs to it, as a fuzzer makes no digests.
    let mut file = bytes.to_vec();
    if file.ends_with(b"\n") && !file.windows(7).any(|part| part == b"{\"end\":") {
        let lines = file.split(|byte| *byte == b'\n').count() - 1;
        let digest = hex(&Sha256::digest(&file));
        file.extend_from_slice(format!("{{\"end\":{{\"lines\":{lines},\"sha256\":\"{digest}\"}}}}\n").as_bytes());
    }
    let door = match open(&file) {
        Ok(door) => door,
        Err(cause) => {
            assert!(!matches!(cause, Cause::Bug { .. }), "{cause}");
            check_inert(&cause.to_string(), false);
            return;
        }
    };
    for page in ["", "?page=2"] {
        let mut request = Request::get(Url::parse(&format!("https://api.example/things{page}")).expect("an address"));
        request.method = Method::GET;
        match wait(door.send(request)) {
            Ok(reply) => check_inert(&reply.describe(), false),
            Err(cause) => assert!(!matches!(cause, Cause::Bug { .. }), "{cause}"),
        }
    }
    drop(door);
    let last = file[..file.len() - 1].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    for end in [last, file.len() - 1, file.len() / 2, usize::from(file[0]) % file.len()] {
        assert!(open(&file[..end]).is_err(), "cut at {end} of {}, it opens", file.len());
    }
}

fn open(file: &[u8]) -> Result<Door, Cause> {
    std::fs::write(folder().join("fuzz.ndjson"), file).expect("the recording is put down");
    let rule = OriginRule { scheme: "https".into(), host: "api.example".into(), port: 443, reach: Reach::Public };
    let settings = Settings::new("fuzz", vec![rule], Dialect::Plain, Connection::default());
    let door = Door::replaying(settings, &LIST, folder())?;
    let recorded: Option<Instant> = door.recorded_at();
    assert!(recorded.is_some() && door.replays());
    Ok(door)
}

//! Writing a recording.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use data_encoding::HEXLOWER;
use scan_contract::{Cause, Instant};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::line::{Answered, End, Exchange, FORMAT, Header, VERSION, Whole};
use super::{failed, file_of, headers, key, reduce};
use crate::allow::Operation;
use crate::reply::Reply;
use crate::request::Request;

/// A recording that is being written.
pub(crate) struct Writer {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    /// `None` once the end line is written, or after a failure: a recording with a hole must not look whole.
    file: Option<File>,
    digest: Sha256,
    lines: u64,
}

impl Writer {
    /// Begins the recording of one system. The file must not exist; it is for its owner alone.
    pub(crate) fn begin(folder: &Path, system: &str, connector: &str, at: Instant) -> Result<Self, Cause> {
        let path = file_of(folder, system)?;
        make_folder(folder)?;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| failed("make recording", &path, &error))?;
        let writer = Self { path, state: Mutex::new(State { file: Some(file), digest: Sha256::new(), lines: 0 }) };
        writer.line(&Header {
            format: String::from(FORMAT),
            version: VERSION,
            system: String::from(system),
            connector: String::from(connector),
            recorded_at: at,
            tool: String::from(concat!("holdover ", env!("CARGO_PKG_VERSION"))),
        })?;
        Ok(writer)
    }

    /// Writes down the last word on one request.
    pub(crate) fn write(
        &self,
        operation: &Operation,
        request: &Request,
        account: Option<&str>,
        heard: Result<&Reply, &Cause>,
    ) -> Result<(), Cause> {
        let reply = heard.ok().map(|reply| Answered {
            status: reply.status.as_u16(),
            at: reply.at,
            headers: headers::keep(reply),
            body: reduce::reduce(operation.keep, &reply.body),
        });
        self.line(&Exchange { request: key::asked(operation, request, account), reply, failed: heard.err().cloned() })
    }

    /// Writes the end line and brings everything to the disk. A second time does nothing.
    pub(crate) fn finish(&self) -> Result<(), Cause> {
        let (lines, digest) = {
            let state = self.state();
            if state.file.is_none() {
                return Ok(());
            }
            (state.lines, state.digest.clone())
        };
        self.line(&End { end: Whole { lines, sha256: HEXLOWER.encode(&digest.finalize()) } })?;
        let file = self.state().file.take();
        file.map_or(Ok(()), |file| file.sync_all()).map_err(|error| failed("write recording", &self.path, &error))
    }

    fn line(&self, line: &impl Serialize) -> Result<(), Cause> {
        let bug = || Cause::Bug { what: String::from("a line of a recording that cannot be written as JSON") };
        let mut bytes = serde_json::to_vec(line).map_err(|_| bug())?;
        bytes.push(b'\n');
        let mut state = self.state();
        let Some(file) = &mut state.file else {
            return Err(Cause::Unreachable {
                step: format!("write recording {}", self.path.display()),
                detail: String::from("it has ended"),
            });
        };
        if let Err(error) = file.write_all(&bytes) {
            state.file = None;
            return Err(failed("write recording", &self.path, &error));
        }
        state.digest.update(&bytes);
        state.lines += 1;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the folder for its owner alone. One that is there already must not be writable for others: they could put
/// another file in the place of ours.
fn make_folder(folder: &Path) -> Result<(), Cause> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| failed("make folder", folder, &error))?;
    let mode =
        std::fs::metadata(folder).map_err(|error| failed("look at folder", folder, &error))?.permissions().mode();
    if mode & 0o022 != 0 {
        return Err(Cause::Needs {
            what: format!("a folder that others cannot write to instead of {}", folder.display()),
        });
    }
    Ok(())
}

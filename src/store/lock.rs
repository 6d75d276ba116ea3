//! One writer at a time: an operating-system lock on an open file in the state directory, held for the whole run.
//!
//! The lock belongs to the open file, so it ends with its holder however that ends, and it works between containers
//! that share the directory. What stands in the file is for the message only and is never believed.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};

use scan_contract::Instant;
use serde::{Deserialize, Serialize};

use crate::hostile;
use crate::store::StoreError;
use crate::store::directory::{StateDirectory, io_error};

/// Name of the lock file.
pub const LOCK_FILE: &str = "lock";

/// The lock; released when dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// A program that is being started at this moment holds whatever was open here until it has begun, so that closing alone
/// would leave the lock with it for a while.
impl Drop for Lock {
    fn drop(&mut self) {
        if let Err(error) = self.file.unlock() {
            tracing::warn!(event = "unlock", %error, "the lock of the store ends with this program");
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    process: u32,
    host: String,
    since: Instant,
}

impl Lock {
    /// Takes the lock, or says who holds it. Never waits.
    pub fn take(directory: &StateDirectory, now: Instant) -> Result<Self, StoreError> {
        let path = directory.text(LOCK_FILE);
        let mut file = directory.open_or_create(LOCK_FILE)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy(directory, &mut file)),
            Err(TryLockError::Error(error)) => return Err(io_error("locking", &path)(error)),
        }
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let holder = Holder { process: std::process::id(), host, since: now };
        let text = serde_json::to_vec(&holder)
            .map_err(|error| StoreError::Database { doing: "writing the lock's holder", detail: error.to_string() })?;
        file.set_len(0).map_err(io_error("emptying", &path))?;
        file.seek(SeekFrom::Start(0)).map_err(io_error("writing", &path))?;
        file.write_all(&text).map_err(io_error("writing", &path))?;
        Ok(Self { file })
    }
}

fn busy(directory: &StateDirectory, file: &mut File) -> StoreError {
    let mut text = String::new();
    let read = file.take(4096).read_to_string(&mut text).map(|_| serde_json::from_str::<Holder>(&text));
    let (holder, since) = match read {
        Ok(Ok(holder)) => (
            format!("{} on {}", holder.process, hostile::short(&holder.host, 64)),
            holder.since.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        ),
        // It has only just begun and not yet written its name, or somebody else wrote into the file.
        Ok(Err(_)) | Err(_) => (String::from("unknown"), String::from("unknown")),
    };
    StoreError::Busy { path: directory.path().display().to_string(), holder, since }
}

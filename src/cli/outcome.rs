//! The files that say what became of a run: metrics and `run.json`. They come last, and none may go on saying that a run
//! ended well which did not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::outputs::{self, Output, Writer};
use super::session::Session;
use super::tell_metrics;
use crate::config::Config;
use crate::metrics::Remembered;
use crate::report::{ExitCode, Report};

/// Those files of one run.
pub(super) struct Outcome<'a> {
    session: &'a Session<'a>,
    config: &'a Config,
    paths: Vec<PathBuf>,
    writer: &'a Writer<'a>,
    past: &'a Remembered,
    offline: bool,
    /// What lay there before.
    earlier: BTreeMap<PathBuf, Option<Vec<u8>>>,
}

impl<'a> Outcome<'a> {
    pub(super) fn new(
        session: &'a Session<'a>,
        config: &'a Config,
        outputs: &[Output],
        writer: &'a Writer<'a>,
        past: &'a Remembered,
        offline: bool,
    ) -> Self {
        let paths = outputs::run_json_paths(outputs, config);
        let earlier = paths.iter().map(|path| (path.clone(), text_of(path))).collect();
        Self { session, config, paths, writer, past, offline, earlier }
    }

    /// Tells metrics and `run.json` what became of the other files. Where one of them fails, all are told once more.
    pub(super) fn tell(&self, report: &mut Report) {
        for _ in 0..2 {
            let failed_before = report.run.flags.store_failed;
            tell_metrics::of_run(self.session, self.config, self.offline, report, self.past);
            self.write_run_json(report);
            if report.run.flags.store_failed == failed_before {
                return;
            }
        }
    }

    /// The end of the run could not be kept. The metrics are told by whoever hears of the failure.
    pub(super) fn correct(&self, report: &mut Report) {
        fail(report);
        self.write_run_json(report);
    }

    fn write_run_json(&self, report: &mut Report) {
        for path in &self.paths {
            if let Err(failure) = self.writer.write_run_json(path, report) {
                failure.tell(self.session);
                fail(report);
                self.withdraw(path);
            }
        }
    }

    /// What this run wrote and cannot correct says what is not true. A file of an earlier run stays.
    fn withdraw(&self, path: &Path) {
        let now = text_of(path);
        if now.is_none() || now == self.earlier.get(path).cloned().flatten() {
            return;
        }
        match std::fs::remove_file(path) {
            Ok(()) => self.session.error(&format!("error: removed {}, which could not be corrected", path.display())),
            Err(error) => self.session.error(&format!(
                "error: {} says what is not true and could not be removed: {error}; this run was not kept",
                path.display()
            )),
        }
    }
}

/// A file as it lies there; `None` where it cannot be read.
fn text_of(path: &Path) -> Option<Vec<u8>> {
    match std::fs::read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            tracing::debug!(event = "earlier-run", path = %path.display(), %error);
            None
        }
    }
}

fn fail(report: &mut Report) {
    report.run.flags.store_failed = true;
    report.run.exit_code = ExitCode::Store;
}

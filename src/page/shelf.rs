//! The report that is shown, and the figures of earlier runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scan_contract::Instant;

use super::source::{Source, SourceError};
use crate::clock::{Clock as _, SystemClock};
use crate::emit::sections::Counts;
use crate::report::{ExitCode, Report};

/// Reports kept in memory: the newest one, and one that somebody looks back at.
const IN_MEMORY: usize = 2;
/// Earlier runs whose figures are shown.
const COURSE: usize = 60;
/// Time that one answer may spend on reading earlier reports; the rest follows with the next answer.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Figures of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) run: String,
    pub(super) ended_at: Instant,
    /// Residual findings by severity, worst first.
    pub(super) residual: [u64; 5],
    pub(super) people: usize,
    pub(super) complete: u64,
    pub(super) declared: u64,
    pub(super) exit_code: ExitCode,
    pub(super) seconds: u64,
}

impl Point {
    fn of(report: &Report) -> Self {
        let counts = Counts::of(report);
        Self {
            run: report.run.id.clone(),
            ended_at: report.run.ended_at,
            residual: counts.residual,
            people: people(report),
            complete: counts.complete_scopes,
            declared: counts.declared_scopes,
            exit_code: report.run.exit_code,
            seconds: Duration::try_from_secs_f64(report.run.duration_seconds).map_or(0, |time| time.as_secs()),
        }
    }
}

/// Persons with residual access.
pub(super) fn people(report: &Report) -> usize {
    let ids: std::collections::BTreeSet<&str> = report.residual().map(|finding| finding.person_id.as_str()).collect();
    ids.len()
}

/// Earlier runs, oldest first.
pub(super) struct Course {
    pub(super) points: Vec<Point>,
    /// Kept runs whose report was not read yet, or could not be.
    pub(super) missing: usize,
}

/// Reads reports once.
pub(super) struct Shelf {
    source: Box<dyn Source>,
    held: Mutex<Vec<(String, Arc<Report>)>>,
    points: Mutex<BTreeMap<String, Point>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shelf {
    pub(super) fn new(source: Box<dyn Source>) -> Self {
        Self { source, held: Mutex::default(), points: Mutex::default() }
    }

    pub(super) fn source(&self) -> &dyn Source {
        self.source.as_ref()
    }

    /// The report of a run, or the newest one.
    pub(super) fn report(&self, run: Option<&str>) -> Result<Arc<Report>, SourceError> {
        let mut kept = self.source.reports()?.into_iter();
        let id = match run {
            Some(run) => kept.find(|(id, _)| id == run).ok_or(SourceError::NoSuchRun)?.0,
            None => kept.next().ok_or(SourceError::NoRunYet)?.0,
        };
        if let Some((_, report)) = lock(&self.held).iter().find(|(known, _)| *known == id) {
            return Ok(Arc::clone(report));
        }
        let report = Arc::new(self.source.report(&id)?);
        lock(&self.points).insert(id.clone(), Point::of(&report));
        let mut held = lock(&self.held);
        held.truncate(IN_MEMORY - 1);
        held.insert(0, (id, Arc::clone(&report)));
        Ok(report)
    }

    /// Figures of the kept runs.
    pub(super) fn course(&self) -> Result<Course, SourceError> {
        let clock = SystemClock::new();
        let kept: Vec<(String, Instant)> = self.source.reports()?.into_iter().take(COURSE).collect();
        for (id, _) in &kept {
            if lock(&self.points).contains_key(id) {
                continue;
            }
            if clock.monotonic() > PATIENCE {
                break;
            }
            // One that cannot be read is counted as missing; looking at it says why.
            if let Ok(report) = self.source.report(id) {
                lock(&self.points).insert(id.clone(), Point::of(&report));
            }
        }
        let mut points = lock(&self.points);
        points.retain(|id, _| kept.iter().any(|(known, _)| known == id));
        let found: Vec<Point> = kept.iter().rev().filter_map(|(id, _)| points.get(id).cloned()).collect();
        let missing = kept.len() - found.len();
        Ok(Course { points: found, missing })
    }
}

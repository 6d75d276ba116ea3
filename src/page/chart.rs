//! The course of open findings as a picture. The same figures stand in a table beside it.

use super::shelf::Point;
use crate::emit::words;

/// Width of the drawing in its own units.
pub(super) const WIDTH: usize = 640;
/// Height.
pub(super) const HEIGHT: usize = 140;
/// Room for the figures at the left.
const LEFT: usize = 40;
/// Widest bar: two runs are no wall.
const WIDEST: usize = 28;
/// Room above and below.
const EDGE: usize = 12;

/// One bar: a run.
pub(super) struct Bar {
    pub(super) x: usize,
    pub(super) width: usize,
    /// From the bottom upwards: class and place of each severity.
    pub(super) parts: Vec<(&'static str, usize, usize)>,
    /// Whether something was not read: the true figure may be higher.
    pub(super) gaps: bool,
    pub(super) says: String,
}

/// The picture.
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    pub(super) most: u64,
    pub(super) says: String,
}

impl Chart {
    /// `None` with fewer than two runs: there is no course to show.
    pub(super) fn of(points: &[Point]) -> Option<Self> {
        let (first, last) = (points.first()?, points.last()?);
        if points.len() < 2 {
            return None;
        }
        let total = |point: &Point| point.residual.iter().sum::<u64>();
        let most = points.iter().map(total).max().unwrap_or(0);
        let step = ((WIDTH - LEFT) / points.len()).min(WIDEST);
        let bars = points.iter().enumerate().map(|(at, point)| bar(point, LEFT + at * step, step, most)).collect();
        let says = format!(
            "Residual findings in {} runs, from {} on {} to {} on {}, at most {most}.",
            points.len(),
            total(first),
            first.ended_at.format("%Y-%m-%d"),
            total(last),
            last.ended_at.format("%Y-%m-%d")
        );
        Some(Self { bars, most, says })
    }
}

fn bar(point: &Point, x: usize, step: usize, most: u64) -> Bar {
    const CLASSES: [&str; 5] = ["critical", "high", "medium", "low", "info"];
    let room = (HEIGHT - 2 * EDGE) as u64;
    let mut parts = Vec::new();
    let mut below: u64 = 0;
    for (class, count) in CLASSES.into_iter().zip(point.residual) {
        if count == 0 {
            continue;
        }
        let height = |sum: u64| usize::try_from(sum * room / most.max(1)).unwrap_or(HEIGHT);
        let (bottom, top) = (height(below), height(below + count));
        parts.push((class, HEIGHT - EDGE - top, (top - bottom).max(1)));
        below += count;
    }
    let mut says = format!("{}: {below} residual", words::seconds(point.ended_at));
    let parts_said = CLASSES.into_iter().zip(point.residual).filter(|(_, count)| *count > 0);
    says.extend(parts_said.map(|(class, count)| format!(", {count} {class}")));
    let gaps = point.complete < point.declared;
    if gaps {
        let missing = point.declared - point.complete;
        says.extend([format!("; {missing} of {} scopes not read to their end", point.declared)]);
    }
    Bar { x, width: step.saturating_sub(2).max(1), parts, gaps, says }
}

//! Progress on standard error: a live line a system on a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::arguments::HowProgress;
use super::session::Session;
use crate::run::{Event, Progress, Silent};

/// The progress that flags and terminal ask for.
pub(super) fn choose(session: &Session<'_>) -> Arc<dyn Progress> {
    let none = session.global.quiet || session.global.no_progress;
    match session.global.progress {
        HowProgress::None => Arc::new(Silent),
        _ if none => Arc::new(Silent),
        HowProgress::Auto if session.environment.error_is_terminal => Arc::new(Live::default()),
        HowProgress::Auto | HowProgress::Plain => Arc::new(Plain::default()),
    }
}

/// Beats of a live system for one plain line: one a minute.
const BEATS: u32 = 6;

/// One line an event.
#[derive(Debug, Default)]
struct Plain {
    /// Beats since the last line, by system.
    beats: Mutex<HashMap<String, u32>>,
}

impl Plain {
    /// Whether a beat gets a line.
    fn is_due(&self, system: &str) -> bool {
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        let beat = beats.entry(String::from(system)).or_default();
        *beat += 1;
        (*beat).is_multiple_of(BEATS)
    }
}

impl Progress for Plain {
    fn tell(&self, event: &Event<'_>) {
        if let Event::Asking { system, .. } = event
            && !self.is_due(system.as_str())
        {
            return;
        }
        let written = writeln!(std::io::stderr().lock(), "{}", words(event));
        // Progress is a courtesy; a closed standard error must not end a run.
        drop(written);
    }
}

fn words(event: &Event<'_>) -> String {
    match event {
        Event::SystemStarted { system, scopes } => format!("{system}: reading {scopes} scopes"),
        Event::Read { system, records, pass } => {
            format!("{system}: {records} records, at {}", crate::hostile::short(pass, 60))
        }
        Event::Asking { system, pass, records, effort } => {
            let waits = match (effort.throttled, effort.waited.as_secs()) {
                (0, 0) => String::new(),
                (throttled, seconds) => format!(", throttled {throttled} times, {seconds} s spent waiting"),
            };
            let pass = crate::hostile::short(pass, 60);
            format!("{system}: {records} records after {} requests{waits}, at {pass}", effort.requests)
        }
        Event::SystemEnded { system, records, complete, scopes, worst } => {
            let rest = if complete == scopes { String::new() } else { format!(", worst is {}", worst.as_str()) };
            format!("{system}: {records} records, {complete} of {scopes} scopes complete{rest}")
        }
        Event::Stage(stage) => format!("{stage} ..."),
    }
}

/// Live lines.
#[derive(Debug, Default)]
struct Live {
    all: MultiProgress,
    bars: Mutex<HashMap<String, ProgressBar>>,
}

impl Live {
    fn bar(&self, system: &str) -> ProgressBar {
        let mut bars = self.bars.lock().unwrap_or_else(PoisonError::into_inner);
        bars.entry(String::from(system))
            .or_insert_with(|| {
                let bar = self.all.add(ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                    bar.set_style(style);
                }
                bar
            })
            .clone()
    }
}

impl Progress for Live {
    fn tell(&self, event: &Event<'_>) {
        match event {
            Event::SystemStarted { system, .. } | Event::Read { system, .. } | Event::Asking { system, .. } => {
                let bar = self.bar(system.as_str());
                bar.set_message(words(event));
                bar.tick();
            }
            Event::SystemEnded { system, .. } => {
                let bar = self.bar(system.as_str());
                bar.finish_and_clear();
            }
            Event::Stage(_) => {
                let bar = self.bar("");
                bar.set_message(words(event));
                bar.tick();
            }
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        for bar in self.bars.lock().unwrap_or_else(PoisonError::into_inner).values() {
            bar.finish_and_clear();
        }
    }
}

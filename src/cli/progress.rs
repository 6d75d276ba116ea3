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
        HowProgress::Auto | HowProgress::Plain => Arc::new(Plain),
    }
}

/// One line an event.
#[derive(Debug)]
struct Plain;

impl Progress for Plain {
    fn tell(&self, event: &Event<'_>) {
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
            Event::SystemStarted { system, .. } | Event::Read { system, .. } => {
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

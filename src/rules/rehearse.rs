//! Tries every expression at load: what fails on a kind of value fails now, not in the middle of a run.

use std::collections::BTreeMap;

use cel::{Context, Env};
use chrono::{DateTime, TimeDelta};
use scan_contract::{Instant, Moment};

use std::sync::Arc;

use super::check::Checked;
use super::evaluate::evaluate;
use super::facts::{Answer, Answers};
use super::fields::{FIELDS, Field, Holds, Root, field};
use super::lists::List;
use super::model::Outcome;
use super::time::{NOW, Sort, Time};

/// Trial facts: a value for every field.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    values: BTreeMap<&'static str, Answer<'static>>,
    listed: bool,
    list: List,
}

/// The present of the trial.
fn now() -> Instant {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

impl Trial {
    /// Every field known, with its first sample.
    pub(super) fn known() -> Self {
        let values = FIELDS.iter().map(|field| (field.path, samples(field)[0])).collect();
        Self { values, listed: false, list: List::default() }
    }

    fn with(&self, field: &Field, answer: Answer<'static>) -> Self {
        let mut changed = self.clone();
        changed.values.insert(field.path, answer);
        changed
    }

    fn every(&self, change: impl Fn(&Field) -> Option<Answer<'static>>) -> Self {
        let mut changed = self.clone();
        for field in FIELDS {
            if let Some(answer) = change(field) {
                changed.values.insert(field.path, answer);
            }
        }
        changed
    }

    fn listed(&self) -> Self {
        Self { listed: true, ..self.clone() }
    }
}

impl Answers for Trial {
    fn answer(&self, root: Root, name: &str) -> Answer<'_> {
        field(root, name).and_then(|field| self.values.get(field.path)).copied().unwrap_or(Answer::Unheard)
    }

    fn now(&self) -> Time {
        Time::exact(now(), NOW)
    }

    fn list(&self, _name: &str) -> Option<&List> {
        Some(&self.list)
    }

    fn is_on(&self, _list: &List) -> bool {
        self.listed
    }
}

/// Values worth trying for a field: those that fall on either side of what it is compared with.
pub(super) fn samples(field: &Field) -> Vec<Answer<'static>> {
    let mut values: Vec<Answer<'static>> = match field.holds {
        Holds::Bool => vec![Answer::Bool(true), Answer::Bool(false)],
        Holds::Int => vec![Answer::Int(1), Answer::Int(2)],
        Holds::Text => vec![Answer::Text("something")],
        Holds::Word(words) => words().into_iter().map(Answer::Text).collect(),
        Holds::Time(Sort::End) => vec![
            Answer::Time(Time::exact_end(now() - TimeDelta::days(10), field.path)),
            Answer::Time(Time::exact_end(now() + TimeDelta::days(10), field.path)),
        ],
        Holds::Time(Sort::Exact) => {
            [-30, -5, 5].map(|days| Answer::Time(Time::exact(now() + TimeDelta::days(days), field.path))).to_vec()
        }
        Holds::Time(Sort::Moment) => [(-30, 0), (-5, 0), (-11, 200_000), (5, 0)]
            .map(|(days, precision)| {
                Answer::Time(Time::moment(&Moment::within(now() + TimeDelta::days(days), precision), field.path))
            })
            .to_vec(),
    };
    if field.absent {
        values.push(Answer::Absent);
    }
    if field.hidden {
        values.push(Answer::Hidden(field.path));
    }
    values
}

/// Tries an expression on facts all known, all absent and all hidden, and on each with one field changed.
/// Returns what fails for another reason than a hidden fact.
pub(super) fn rehearse(checked: &Checked, env: &Arc<Env>) -> Result<(), String> {
    let known = Trial::known();
    let absent = known.every(|field| field.absent.then_some(Answer::Absent));
    let hidden = known.every(|field| field.hidden.then_some(Answer::Hidden(field.path)));
    for base in [known, absent, hidden] {
        try_on(checked, &base, env)?;
        if !checked.lists.is_empty() {
            try_on(checked, &base.listed(), env)?;
        }
        for field in &checked.uses {
            for value in samples(field) {
                try_on(checked, &base.with(field, value), env)?;
            }
        }
    }
    Ok(())
}

/// One trial. `Err` is a failure that no hidden fact explains.
pub(super) fn try_on(checked: &Checked, trial: &Trial, env: &Arc<Env>) -> Result<Outcome, String> {
    let names = super::facts::Names(trial);
    let mut context = Context::with_env(Arc::clone(env));
    context.set_variable_resolver(&names);
    evaluate(&checked.program, &context).map_err(|failure| failure.to_string())
}

#[cfg(test)]
pub(super) fn product(checked: &Checked, most: usize) -> Vec<Trial> {
    let mut trials = vec![Trial::known()];
    for field in &checked.uses {
        let grown: Vec<Trial> =
            trials.iter().flat_map(|trial| samples(field).into_iter().map(|value| trial.with(field, value))).collect();
        trials = if grown.len() > most { grown.into_iter().step_by(2).collect() } else { grown };
    }
    if checked.lists.is_empty() {
        return trials;
    }
    let listed: Vec<Trial> = trials.iter().map(Trial::listed).collect();
    trials.into_iter().chain(listed).collect()
}

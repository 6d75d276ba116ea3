//! Evaluates the rules that look at a grant. A rule that cannot be evaluated is an answer, never a miss.

use std::sync::Arc;

use cel::common::types::CelBool;
use cel::{Context, Env, ExecutionError, Program, Value};

use super::facts::{Answer, Answers, Names, View};
use super::lists::Lists;
use super::model::{Facts, Outcome};
use super::ruleset::{Rule, RuleIndex, RuleSet};
use super::time::HIDDEN;

/// A rule and its answer.
pub type Verdicts = Vec<(RuleIndex, Outcome)>;

/// An expression's answer. `Err` is a failure that no hidden fact explains.
pub(super) fn evaluate(program: &Program, context: &Context<'_, '_>) -> Result<Outcome, ExecutionError> {
    match Value::resolve_val(program.expression(), context) {
        Ok(value) => match value.downcast_ref::<CelBool>() {
            Some(holds) if *holds.inner() => Ok(Outcome::Hit),
            Some(_) => Ok(Outcome::Miss),
            None => {
                Err(ExecutionError::UnexpectedType { got: value.get_type().name().to_owned(), want: "bool".to_owned() })
            }
        },
        Err(ExecutionError::FunctionError { function, message }) if function == HIDDEN => Ok(Outcome::Unknown(message)),
        Err(failure) => Err(failure),
    }
}

/// The answer of one rule, its preconditions included: what it does not look at is a miss.
pub(super) fn evaluate_one(rule: &Rule, facts: &Facts<'_>, lists: &Lists, env: &Arc<Env>) -> Outcome {
    let looks = rule.kinds.contains(&facts.access.kind)
        && rule.relations.contains(&facts.relation)
        && rule.employment.contains(&facts.employment);
    if !looks {
        return Outcome::Miss;
    }
    let view = View { facts, lists };
    let names = Names(&view);
    let mut context = Context::with_env(Arc::clone(env));
    context.set_variable_resolver(&names);
    answer(rule, &context)
}

fn answer(rule: &Rule, context: &Context<'_, '_>) -> Outcome {
    evaluate(&rule.program, context).unwrap_or_else(|failure| Outcome::Unknown(format!("the rule failed: {failure}")))
}

impl RuleSet {
    /// Every rule that holds or cannot be told, in the order of weight. Rules that do not look at this kind, relation
    /// or employment are not run; misses are left out.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Verdicts {
        let mut verdicts = Vec::new();
        self.evaluate_into(facts, &mut verdicts);
        verdicts
    }

    /// The same, into a buffer that is used again. It is emptied first.
    pub fn evaluate_into(&self, facts: &Facts<'_>, verdicts: &mut Verdicts) {
        verdicts.clear();
        let candidates = self.candidates(facts.access.kind, facts.relation, facts.employment);
        if candidates.is_empty() {
            return;
        }
        let view = View { facts, lists: self.lists() };
        let names = Names(&view);
        let mut context = Context::with_env(Arc::clone(self.env()));
        context.set_variable_resolver(&names);
        for index in candidates {
            let rule = self.rule(*index);
            // Most grants lack what most rules need: a subtype, a lapsed exception. Asking here saves an evaluation.
            if rule.needs.iter().any(|field| matches!(view.answer(field.root, field.name), Answer::Absent)) {
                continue;
            }
            let outcome = answer(rule, &context);
            if outcome != Outcome::Miss {
                verdicts.push((*index, outcome));
            }
        }
    }
}

//! What a permission set allows, and how long its sessions last.

use scan_contract::Cause;

use crate::live::bulk::pages::walk_json;
use crate::live::center::{Center, Instance};
use crate::policy::document::Parsed;
use crate::policy::judge::{Reach, judge};
use crate::policy::tables::{Tables, tables};
use crate::text::short;

/// One permission set.
#[derive(Debug)]
pub(crate) struct PermissionSet {
    /// Name, else the ARN.
    pub(crate) name: String,
    /// How long a session lasts, in seconds.
    pub(crate) session_seconds: Option<i64>,
    pub(crate) reach: Reach,
    /// What could not be read of it.
    pub(crate) odd: Vec<Cause>,
}

/// Seconds of an ISO 8601 duration of days, hours, minutes and seconds, such as `PT8H`; `None` for anything else.
pub(crate) fn seconds_of(text: &str) -> Option<i64> {
    let rest = text.strip_prefix('P')?;
    let (days, time) = rest.split_once('T').map_or((rest, ""), |(days, time)| (days, time));
    let mut total = 0_i64;
    for (part, units) in [(days, &[('D', 86_400)][..]), (time, &[('H', 3_600), ('M', 60), ('S', 1)][..])] {
        let mut number = String::new();
        let mut units = units.iter();
        for letter in part.chars() {
            if letter.is_ascii_digit() {
                number.push(letter);
                continue;
            }
            let (_, seconds) = units.find(|(unit, _)| *unit == letter)?;
            let Ok(count) = number.parse::<i64>() else { return None };
            total = total.checked_add(count.checked_mul(*seconds)?)?;
            number.clear();
        }
        if !number.is_empty() {
            return None;
        }
    }
    (text.len() > 2 && !text.ends_with('T')).then_some(total)
}

impl Center {
    /// A permission set, asked for once in a run.
    pub(crate) async fn permission_set(&self, instance: &Instance, arn: &str) -> std::sync::Arc<PermissionSet> {
        let cell = self.sets.at(arn);
        let set =
            cell.get_or_init(|| async { std::sync::Arc::new(self.ask_permission_set(instance, arn).await) }).await;
        std::sync::Arc::clone(set)
    }

    async fn ask_permission_set(&self, instance: &Instance, arn: &str) -> PermissionSet {
        let mut set = PermissionSet {
            name: arn.to_owned(),
            session_seconds: None,
            reach: Reach::nothing("the permission set has no policy"),
            odd: Vec::new(),
        };
        let Some(region) = self.region() else { return set };
        let (asker, client) = self.account.sso(region);
        let described = asker
            .ask("sso:DescribePermissionSet", || {
                client.describe_permission_set().instance_arn(&instance.arn).permission_set_arn(arn).send()
            })
            .await;
        match described {
            Ok(answer) => {
                let given = answer.permission_set;
                if let Some(name) = given.as_ref().and_then(|given| given.name.clone()) {
                    set.name = name;
                }
                let duration = given.and_then(|given| given.session_duration);
                set.session_seconds = duration.as_deref().and_then(seconds_of);
                if set.session_seconds.is_none() {
                    let word = short(duration.as_deref().unwrap_or("nothing"), 40);
                    let what = format!("sso:DescribePermissionSet: SessionDuration {word:?} is no duration");
                    set.odd.push(Cause::Malformed { what });
                }
            }
            Err(failure) => set.odd.push(failure.cause),
        }
        match tables() {
            Ok(tables) => self.add_policies(instance, arn, tables, &mut set).await,
            Err(what) => set.odd.push(Cause::Bug { what: what.to_owned() }),
        }
        set
    }

    async fn add_policies(&self, instance: &Instance, arn: &str, tables: &Tables, set: &mut PermissionSet) {
        let Some(region) = self.region() else { return };
        let (asker, client) = self.account.sso(region);
        let managed = walk_json!(
            asker,
            "sso:ListManagedPoliciesInPermissionSet",
            |token| client
                .list_managed_policies_in_permission_set()
                .instance_arn(&instance.arn)
                .permission_set_arn(arn)
                .set_next_token(token),
            |answer| answer.attached_managed_policies.into_iter().flatten()
        );
        for policy in managed.items {
            let arn = policy.arn.unwrap_or_else(|| String::from("without an ARN"));
            let reach = match tables.managed(&arn) {
                Some(known) => Reach {
                    privilege: known.privilege,
                    ..Reach::nothing(format!("policy {arn} of AWS: {}", known.why))
                },
                None => Reach::unknown(format!("policy {} is attached, its document was not read", short(&arn, 120))),
            };
            set.reach.add(reach);
        }
        let inline = asker
            .ask("sso:GetInlinePolicyForPermissionSet", || {
                client.get_inline_policy_for_permission_set().instance_arn(&instance.arn).permission_set_arn(arn).send()
            })
            .await;
        match inline {
            Ok(answer) => {
                if let Some(text) = answer.inline_policy.filter(|text| !text.trim().is_empty()) {
                    let source = format!("inline policy of permission set {}", short(&set.name, 80));
                    set.reach.add(judge(tables, &Parsed::of_text(&text), &source));
                }
            }
            Err(failure) => not_known(set, failure.cause),
        }
        let own = walk_json!(
            asker,
            "sso:ListCustomerManagedPolicyReferencesInPermissionSet",
            |token| client
                .list_customer_managed_policy_references_in_permission_set()
                .instance_arn(&instance.arn)
                .permission_set_arn(arn)
                .set_next_token(token),
            |answer| answer.customer_managed_policy_references.into_iter().flatten()
        );
        if !own.items.is_empty() {
            set.reach.add(Reach::unknown("it takes in policies of the accounts themselves, which are not read here"));
        }
        for failure in [managed.broken, own.broken].into_iter().flatten() {
            not_known(set, failure.cause);
        }
    }
}

fn not_known(set: &mut PermissionSet, cause: Cause) {
    set.reach.add(Reach::unknown("some of its policies could not be read"));
    set.odd.push(cause);
}

#[cfg(test)]
mod tests {
    use super::seconds_of;

    #[test]
    fn durations_are_read_and_other_texts_are_none() {
        for (text, seconds) in
            [("PT1H", 3_600), ("PT12H", 43_200), ("PT1H30M", 5_400), ("P1D", 86_400), ("P1DT1S", 86_401)]
        {
            assert_eq!(seconds_of(text), Some(seconds), "{text}");
        }
        for wrong in ["", "P", "PT", "1H", "PT1", "PTH", "PT1M1H", "P1H", "PT99999999999999999999H", "P1DT"] {
            assert_eq!(seconds_of(wrong), None, "{wrong}");
        }
    }
}

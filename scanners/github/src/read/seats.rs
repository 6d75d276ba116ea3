//! Copilot seats, which cost money every month.

use chrono::{DateTime, NaiveDate, Utc};
use scan_contract::{Access, AccessKind, Cause, Fact, GrantId, Moment, Privilege, Relation, ScopeName, Status};
use serde::Deserialize;

use crate::hub::{Hub, scope, somebody};
use crate::list::{self, Items, List};
use crate::read::outside::Person;
use crate::scopes;
use crate::settings::Edition;
use crate::text::{LastUse, clean, time};
use crate::told::{Told, Work};

#[derive(Debug, Deserialize)]
struct Seat {
    #[serde(default)]
    assignee: Option<Person>,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    last_activity_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pending_cancellation_date: Option<NaiveDate>,
    #[serde(default)]
    plan_type: Option<String>,
}

/// Reads the scope.
pub(crate) async fn read(work: Work<'_>) -> Result<(), Cause> {
    let scope = scope(scopes::COPILOT_SEATS);
    if work.hub.settings.edition == Edition::Server {
        return Err(Cause::NotSupported { what: String::from("GitHub Enterprise Server has no Copilot seats") });
    }
    let mut list = List::array(&scope, vec!["orgs", work.hub.login(), "copilot", "billing", "seats"]);
    list.items = Items::Field("seats", "total_seats");
    let mut number = 0;
    let tell = &mut |seat: Seat, told: &mut Told| {
        number += 1;
        match &seat.assignee {
            Some(person) => told.records.push(access(work.hub, &scope, person, &seat)),
            None => {
                told.gap(&scope, format!("seat {number}"), Cause::Malformed { what: String::from("a seat of nobody") });
            }
        }
    };
    match list::read(work, &list, tell).await {
        Ok(whole) => whole.seal(work, &scope).await,
        Err(failure) if failure.is_not_found() => {
            let plan = Cause::NotOnPlan { what: String::from("Copilot Business or Copilot Enterprise") };
            Err(work.hub.absent("organization_copilot_seat_management=read", plan))
        }
        Err(failure) => Err(failure.cause),
    }
}

fn access(hub: &Hub, scope: &ScopeName, person: &Person, seat: &Seat) -> Access {
    let grant = GrantId::from(format!("copilot/{}", person.id));
    let mut access = Access::new(scope.clone(), AccessKind::License, grant, Status::Enabled);
    let plan = seat.plan_type.as_deref().unwrap_or("plan not told");
    access.grant_display = Some(format!("Copilot seat of {} ({})", person.login, clean(plan, 40)));
    access.target = Some(format!("organization {}", hub.login()));
    access.parent = Some(GrantId::from(person.id.to_string()));
    access.privilege = Privilege::None;
    access.holders.push(somebody(Relation::Holder, person.id, &person.login));
    access.created_at = time(seat.created_at);
    // docs.github.com, "Metrics data properties for GitHub Copilot": after 90 days without activity the time is null again.
    access.last_used_at = match seat.last_activity_at {
        Some(_) => LastUse::Told(seat.last_activity_at).fact(""),
        None => {
            Fact::Hidden(String::from("GitHub keeps the last activity for 90 days: never, or longer ago than that"))
        }
    };
    access.expires_at = seat.pending_cancellation_date.map_or(Fact::None, |day| Fact::Known(Moment::day(day)));
    access.evidence.push(String::from("activity is known only of editors that report it"));
    access
}

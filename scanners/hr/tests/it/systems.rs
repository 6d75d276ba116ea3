//! What each system gives: everybody, with all who left, in the canonical columns.

use std::sync::Arc;

use holdover_kit::stub::hr::{self, Mood, Sort};
use scan_contract::Cause;
use scan_hr::{Column, Leavers, System};
use scan_transport::Request;
use url::Url;

use crate::harness::{
    VENDORS, Vendor, fetch, fetched, hibob_source, ids, refused, right, rows, rows_of, says, serve, truth,
};

#[test]
fn each_system_gives_everybody_also_who_left_and_who_is_to_come() {
    for vendor in VENDORS {
        let truth = truth();
        let (server, source) = vendor.start(&truth);
        let fetched = fetched(&source);
        let staff = truth.staff();
        let expected = staff.members.iter().map(|member| vendor.id(member.number)).collect();
        assert_eq!(ids(&fetched), expected, "{vendor:?}");
        server.finish();
    }
}

#[test]
fn each_end_is_told_as_it_is_also_one_that_lies_ahead() {
    for vendor in VENDORS.into_iter().filter(|vendor| !vendor.is_directory()) {
        let truth = truth();
        let (server, source) = vendor.start(&truth);
        let fetched = fetched(&source);
        for member in truth.staff().members {
            let present = member.present();
            let told = rows_of(&fetched, &vendor.id(member.number));
            let row = told
                .iter()
                .find(|row| row["start_date"] == present.start.to_string())
                .unwrap_or_else(|| panic!("{vendor:?} {}: {told:?}", member.number));
            let end = present.end.map(|end| end.to_string());
            let found = row["end_date"].as_str().filter(|text| *text != "0000-00-00");
            assert_eq!(found, end.as_deref(), "{vendor:?} {}: {row}", member.number);
            assert_eq!(row["work_email"], member.email, "{vendor:?}");
        }
        server.finish();
    }
}

#[test]
fn a_place_with_a_zone_gives_it_and_one_without_takes_the_default_and_is_told() {
    let truth = truth();
    let (server, source) = Vendor::BambooHr.start(&truth);
    let fetched = fetched(&source);
    assert_eq!(rows_of(&fetched, "2")[0]["time_zone"], "Europe/Berlin");
    assert!(rows_of(&fetched, "3")[0]["time_zone"].is_null());
    assert!(says(&fetched, "\"Austin\""), "{:?}", fetched.notices);
    server.finish();
}

#[test]
fn a_list_without_a_single_leaver_is_not_believed_unless_nobody_ever_left() {
    for vendor in VENDORS.into_iter().filter(|vendor| !vendor.is_directory()) {
        let truth = truth();
        truth.change(|staff| {
            for member in &mut staff.members {
                member.spells.truncate(1);
                member.spells[0].end = None;
                member.spells[0].last_day = None;
            }
        });
        let (server, mut source) = vendor.start(&truth);
        let cause = refused(&source);
        assert!(matches!(&cause, Cause::NotSeen { what } if what.contains("expect_leavers")), "{vendor:?}: {cause}");
        source.leavers = Leavers::MayBeNone;
        let fetched = fetched(&source);
        assert!(says(&fetched, "looks just like this"), "{vendor:?}");
        assert!(rows(&fetched).iter().all(|row| row.get("end_date").is_some()), "{vendor:?}: the column is there");
        server.finish();
    }
}

#[test]
fn the_list_of_requests_has_no_way_to_ask_for_current_people_only() {
    let list = &scan_hr::bamboohr::ALLOW;
    let ask = |query: &str| {
        let url = Url::parse(&format!("https://api.bamboohr.com/api/gateway.php/acme/v1/reports/custom?{query}"));
        let request = Request { method: http::Method::POST, ..Request::get(url.expect("an address")) };
        list.find_request(&request).is_ok()
    };
    assert!(ask("format=JSON&onlyCurrent=false"));
    assert!(!ask("format=JSON&onlyCurrent=true") && !ask("format=JSON"));
    let okta = |query: &str| {
        let url = Url::parse(&format!("https://acme.okta.com/api/v1/users?{query}")).expect("an address");
        scan_hr::okta::ALLOW.find_request(&Request::get(url)).is_ok()
    };
    assert!(okta("search=id+pr&limit=200") && !okta("limit=200"));
}

#[test]
fn every_list_is_sound() {
    for list in [
        &scan_hr::bamboohr::ALLOW,
        &scan_hr::hibob::ALLOW,
        &scan_hr::personio::ALLOW,
        &scan_hr::rippling::ALLOW,
        &scan_hr::okta::ALLOW,
        &scan_hr::entra::ALLOW,
    ] {
        assert_eq!(list.check(), Vec::<String>::new(), "{}", list.connector);
    }
}

#[test]
fn a_rehire_whose_old_end_was_left_standing_is_two_spells() {
    let truth = truth();
    let (server, source) = Vendor::BambooHr.start(&truth);
    let fetched = fetched(&source);
    let staff = truth.staff();
    let fay = &staff.members[5];
    let mut told = rows_of(&fetched, "6");
    told.sort_by_key(|row| row["start_date"].as_str().map(String::from));
    let spells: Vec<(String, Option<String>)> =
        fay.spells.iter().map(|spell| (spell.start.to_string(), spell.end.map(|end| end.to_string()))).collect();
    let found: Vec<(String, Option<String>)> = told
        .iter()
        .map(|row| (row["start_date"].as_str().unwrap_or("").to_owned(), row["end_date"].as_str().map(str::to_owned)))
        .collect();
    assert_eq!(found, spells);
    assert_eq!(told[1]["status"], "Active");
    assert!(told[0]["status"].is_null(), "how things stand now is said of the present spell");
    server.finish();
}

#[test]
fn a_private_address_is_an_alias_and_never_a_column() {
    for vendor in [Vendor::BambooHr, Vendor::Rippling, Vendor::Okta, Vendor::Entra] {
        let truth = truth();
        let (server, source) = vendor.start(&truth);
        let fetched = fetched(&source);
        let row = &rows_of(&fetched, &vendor.id(1))[0];
        let aliases = row["aliases"].as_array().expect("aliases");
        let private = aliases.iter().find(|alias| alias["value"] == "ana.silva@private.example").expect("the alias");
        assert_eq!((&private["kind"], &private["personal"]), (&"email".into(), &true.into()), "{vendor:?}");
        assert!(
            rows_of(&fetched, &vendor.id(2))[0]["aliases"]
                .as_array()
                .is_none_or(|all| all.iter().all(|alias| alias.get("personal").is_none()))
        );
        server.finish();
    }
}

#[test]
fn bamboohr_says_which_fields_the_key_may_not_see() {
    let truth = truth();
    truth.hide("terminationDate");
    let (server, source) = Vendor::BambooHr.start(&truth);
    let fetched = fetched(&source);
    assert!(says(&fetched, "end_date (terminationDate)"), "{:?}", fetched.notices);
    assert!(
        rows(&fetched).iter().all(|row| row.get("end_date").is_none()),
        "the column is gone, so that the gates see it"
    );
    server.finish();
}

#[test]
fn workday_dates_are_dates_and_contingent_workers_end_by_their_contract() {
    let truth = truth();
    let (server, source) = Vendor::Workday.start(&truth);
    let fetched = fetched(&source);
    let staff = truth.staff();
    let gus = staff.members.iter().find(|member| member.present().sort == Sort::Contractor).expect("a contractor");
    let row = &rows_of(&fetched, &Vendor::Workday.id(gus.number))[0];
    assert_eq!(row["end_date"].as_str(), gus.present().end.map(|end| end.to_string()).as_deref());
    assert_eq!(row["employment_type"], "Contingent_Worker");
    let log = server.finish();
    assert_eq!(log[0].asked.query("Include_Terminated_Workers"), Some("1"));
}

#[test]
fn workday_without_the_prompt_is_not_believed() {
    let truth = truth();
    let (server, mut source) = Vendor::Workday.start(&truth);
    // Without those who left nobody's end has passed; what tells of ends ahead is taken away too.
    truth.change(|staff| {
        let today = staff.today;
        staff.members.retain(|member| member.present().end.is_none_or(|end| end < today));
    });
    if let System::Workday(workday) = &mut source.system {
        workday.prompts.clear();
    }
    assert!(matches!(refused(&source), Cause::NotSeen { .. }));
    server.finish();
}

#[test]
fn hibob_reads_both_places_of_the_leaving_date_and_both_forms_of_values() {
    let plain = |stub: hr::HiBob| {
        let (server, source) = serve(Arc::new(stub), |base| hibob_source(base, right()));
        let table = fetched(&source).table;
        server.finish();
        table
    };
    let one = plain(hr::HiBob::new(truth()));
    assert_eq!(one, plain(hr::HiBob::new(truth()).with_employment_dates()));
    assert_eq!(one, plain(hr::HiBob::new(truth()).flat()));
}

#[test]
fn hibob_tells_garden_leave_without_a_last_day() {
    let truth = truth();
    let (server, source) = Vendor::HiBob.start(&truth);
    let told = fetched(&source);
    let row = &rows_of(&told, &Vendor::HiBob.id(4))[0];
    assert_eq!(row["status"], "garden leave");
    assert!(row["last_day_worked"].is_string() && !says(&told, "garden leave"));
    truth.change(|staff| {
        staff.member(4).spells[0].last_day = None;
    });
    assert!(says(&fetched(&source), "garden leave"));
    assert_eq!(truth.staff().members[3].present().mood, Mood::GardenLeave);
    server.finish();
}

#[test]
fn hibob_of_another_company_is_refused() {
    let (server, mut source) = Vendor::HiBob.start(&truth());
    if let System::HiBob(hibob) = &mut source.system {
        hibob.company = Some(String::from("4711"));
    }
    fetched(&source);
    if let System::HiBob(hibob) = &mut source.system {
        hibob.company = Some(String::from("4712"));
    }
    assert_eq!(refused(&source), Cause::WrongSystem { declared: String::from("4712"), found: String::from("4711") });
    server.finish();
}

#[test]
fn personio_employments_are_spells() {
    let truth = truth();
    let (server, source) = Vendor::Personio.start(&truth);
    let fetched = fetched(&source);
    let fay = rows_of(&fetched, "pers-6");
    assert_eq!(fay.len(), 2);
    let dana = &rows_of(&fetched, "pers-4")[0];
    assert!(dana["last_day_worked"].is_string(), "last_working_date is read as well");
    assert_eq!(dana["manager_person_id"], "pers-2");
    assert!(!String::from_utf8_lossy(&fetched.table).contains("private\""), "reasons are not read");
    server.finish();
}

#[test]
fn rippling_without_sight_of_the_end_is_refused_and_without_the_rest_told() {
    let truth = truth();
    truth.hide("personal_email");
    let (server, source) = Vendor::Rippling.start(&truth);
    assert!(says(&fetched(&source), "personal_email (no permission)"));
    truth.hide("end_date");
    let cause = refused(&source);
    assert!(
        matches!(&cause, Cause::Denied { permission } if permission.contains("end_date (no permission)")),
        "{cause}"
    );
    server.finish();
}

#[test]
fn a_word_nobody_knows_goes_on_as_it_is() {
    let truth = truth();
    let (server, source) = Vendor::BambooHr.start(&truth);
    let damage = holdover_kit::fault::Damage::set("/employees/1/status", "On sabbatical".into());
    server.plant(holdover_kit::fault::On::any(), damage);
    let row = &rows_of(&fetched(&source), "2")[0];
    assert_eq!(row["status"], "On sabbatical", "the roster's reader rejects it; it is never taken for active");
    server.finish();
}

#[test]
fn the_same_people_give_the_same_bytes_in_any_order() {
    for (vendor, pointer) in
        [(Vendor::BambooHr, "/employees"), (Vendor::Workday, "/Report_Entry"), (Vendor::Rippling, "/results")]
    {
        let truth = truth();
        truth.page_size(100);
        let (server, source) = vendor.start(&truth);
        let one = fetched(&source);
        server.plant(holdover_kit::fault::On::any(), holdover_kit::fault::Damage::reversed(pointer));
        let other = fetched(&source);
        assert_eq!((one.table, one.sha256), (other.table, other.sha256), "{vendor:?}");
        server.finish();
    }
}

#[test]
fn an_object_that_cannot_be_read_costs_its_own_row() {
    let (server, source) = Vendor::BambooHr.start(&truth());
    let whole = fetched(&source).rows;
    server.plant(holdover_kit::fault::On::any(), holdover_kit::fault::Damage::set("/employees/1", 7.into()));
    let damaged = fetched(&source);
    assert_eq!(damaged.rows, whole);
    assert!(ids_or_null(&damaged).contains(&None), "a row that the roster rejects and counts");
    server.finish();
}

/// A defect once: however many there were, they made one row, and the share of rejected rows (ROS-3) never grew.
#[test]
fn each_object_that_cannot_be_read_is_a_row_of_its_own() {
    use holdover_kit::fault::{Damage, On};
    let (server, source) = Vendor::BambooHr.start(&truth());
    let whole = fetched(&source);
    for employee in ["/employees/1", "/employees/2", "/employees/3"] {
        server.plant(On::any(), Damage::set(employee, 7.into()));
    }
    let damaged = fetched(&source);
    assert_eq!(damaged.rows, whole.rows);
    assert_eq!(ids_or_null(&damaged).iter().filter(|id| id.is_none()).count(), 3);
    assert_eq!(fetched(&source).sha256, damaged.sha256, "the same damage gives the same bytes");
    server.finish();
    // Employments of one person, too.
    let (server, source) = Vendor::Personio.start(&truth());
    let whole = fetched(&source);
    server.plant(On::get("/v2/persons/pers-6/employments"), Damage::set("/_data", serde_json::json!([7, 8])));
    let damaged = fetched(&source);
    assert_eq!((damaged.rows, rows_of(&damaged, "pers-6").len()), (whole.rows, 2));
    server.finish();
}

fn ids_or_null(fetched: &scan_hr::Fetched) -> Vec<Option<String>> {
    rows(fetched).iter().map(|row| row["person_id"].as_str().map(String::from)).collect()
}

#[test]
fn columns_of_the_configuration_take_the_place_of_the_usual_ones() {
    let truth = truth();
    let (server, mut source) = Vendor::BambooHr.start(&truth);
    source.columns.insert(Column::PersonId, String::from("employeeNumber"));
    assert!(ids(&fetched(&source)).contains("00001"), "leading zeros stay");
    let log = server.finish();
    assert!(log[0].asked.text().contains("\"employeeNumber\""));
}

#[test]
fn hostile_names_go_through_as_text() {
    let truth = truth();
    let name = "O'Neil \"\n\u{202e}<b>=1+1</b> {\"person_id\":\"x\"}";
    truth.change(|staff| staff.member(2).first = String::from(name));
    for vendor in VENDORS {
        let (server, source) = vendor.start(&truth);
        let fetched = fetched(&source);
        let shown = rows_of(&fetched, &vendor.id(2))[0]["display_name"].as_str().map(String::from).unwrap_or_default();
        assert!(shown.starts_with(name.trim()), "{vendor:?}: {shown:?}");
        assert_eq!(fetched.rows, rows(&fetched).len() as u64);
        server.finish();
    }
}

#[test]
fn nobody_at_all_is_never_a_roster() {
    for vendor in VENDORS {
        let truth = truth();
        truth.change(|staff| staff.members.clear());
        let (server, source) = vendor.start(&truth);
        assert!(matches!(fetch(&source), Err(Cause::NotSeen { .. })), "{vendor:?}");
        server.finish();
    }
}

//! THE table of metrics. One row a family; the documentation is made from it, and nothing else is exported.

/// Begins every name.
pub const PREFIX: &str = "holdover_";

/// Sort of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Goes up and down.
    Gauge,
    /// Kept in the store over all runs; only grows.
    Counter,
    /// Kept in the store over all runs.
    Histogram,
}

impl Sort {
    /// The word of the text format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

/// What happens to a family when there are too many series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cap {
    /// Left out in this order, lowest first, until the rest fits.
    LeaveOut(u8),
    /// Never left out.
    Keep,
}

/// One family.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// Name without the prefix.
    pub short_name: &'static str,
    /// Sort.
    pub sort: Sort,
    /// Label names, in order.
    pub labels: &'static [&'static str],
    /// One sentence.
    pub help: &'static str,
    /// What a reader of the documentation should know beyond it: when it is absent, what it leaves out.
    pub note: &'static str,
    /// What happens when there are too many series.
    pub cap: Cap,
}

impl Family {
    /// The whole name.
    pub fn name(&self) -> String {
        format!("{PREFIX}{}", self.short_name)
    }

    /// Whether it tells kinds or rules, which `min_detail: system` leaves out.
    pub fn is_detailed(&self) -> bool {
        self.labels.iter().any(|label| matches!(*label, "kind" | "rule")) && self.labels != ["kind"]
    }
}

macro_rules! table {
    ($($section:literal { $($name:ident = $sort:ident $short:literal [$($label:literal),*] $cap:ident $(($rank:literal))? : $help:literal, $note:literal;)+ })+) => {
        $($(
            #[doc = $help]
            pub static $name: Family = Family {
                short_name: $short,
                sort: Sort::$sort,
                labels: &[$($label),*],
                help: $help,
                note: $note,
                cap: Cap::$cap $(($rank))?,
            };
        )+)+

        /// Every family, by section, in the order of the documentation and of the file.
        pub static TABLE: &[(&str, &[&Family])] = &[$(($section, &[$(&$name),+])),+];
    };
}

table! {
    "Run and build" {
        BUILD_INFO = Gauge "build_info" ["version", "revision"] Keep:
            "Build of the scanner that wrote this file; always 1.", "";
        RUN_LAST_COMPLETION = Gauge "run_last_completion_timestamp_seconds" [] Keep:
            "Unix time at which the last run ended, whatever its outcome.", "";
        RUN_LAST_SUCCESS = Gauge "run_last_success_timestamp_seconds" [] Keep:
            "Unix time at which the last run without any gap and with an accepted roster ended.",
            "Absent until there was one.";
        RUN_DURATION = Gauge "run_duration_seconds" [] Keep: "Wall time of the last run.", "Zero with a chosen clock.";
        RUN_EXIT_CODE = Gauge "run_exit_code" [] Keep: "Exit code of the last run.", "";
        RUN_VERDICT = Gauge "run_verdict" ["flag"] Keep: "Whether a flag of the last run is set.",
            "One series a flag: `residual`, `gaps`, `roster_held`, `roster_surge`, `baseline`, `store_failed`, `interrupted`, `ambiguous`, `exceptions_invalid`, `breaker`. A run that failed before it had a report tells the flags that are set, and no other.";
        CONFIG_LAST_CHANGE = Gauge "config_last_change_timestamp_seconds" [] Keep:
            "Unix time since which the present configuration holds.",
            "Absent where no run has begun with it yet, or the store cannot be asked.";
        OVERRIDE_ACTIVE = Gauge "override_active" ["kind"] Keep: "Operator overrides in force.",
            "`exclusion` counts excluded scopes, `roster_accept` is 1 while a roster accepted by word is in force, `drop_accept` counts accepted drops; a kind that is not known is absent.";
        SERIES_DROPPED = Gauge "metrics_series_dropped" [] Keep:
            "Series left out of this file because there were too many.", "";
    }
    "Systems" {
        SYSTEM_INFO = Gauge "system_info" ["system", "provider", "tier"] LeaveOut(25):
            "Static facts of a configured system; always 1.", "Join with `* on (system) group_left (provider, tier)`.";
        SCAN_SUCCESS = Gauge "scan_success" ["system"] LeaveOut(37):
            "Whether the last scan of the system ran to its end (1) or failed (0).", "";
        SCAN_DURATION = Gauge "scan_duration_seconds" ["system"] LeaveOut(16):
            "Wall time of the last scan of the system.", "Zero with a chosen clock.";
        SCAN_LAST_ATTEMPT = Gauge "scan_last_attempt_timestamp_seconds" ["system"] LeaveOut(17):
            "Unix time of the last scan of the system, whatever its outcome.", "";
        SCAN_LAST_SUCCESS = Gauge "scan_last_success_timestamp_seconds" ["system"] LeaveOut(26):
            "Unix time of the last scan of the system that ran to its end.", "Absent until there was one.";
        SCAN_LAST_COMPLETE = Gauge "scan_last_complete_timestamp_seconds" ["system"] LeaveOut(35):
            "Unix time of the last scan of the system without a gap in any scope.", "Absent until there was one.";
        SCAN_SCOPES = Gauge "scan_scopes" ["system", "state"] LeaveOut(34):
            "Declared scopes by the coverage state the last run gave them.", "All six states are always present.";
        SCAN_EXCLUDED_SCOPES = Gauge "scan_excluded_scopes" ["system"] LeaveOut(19):
            "Scopes that the configuration leaves out on purpose.", "Part of the state `not_attempted`.";
        SCAN_OBJECTS = Gauge "scan_objects" ["system", "kind"] LeaveOut(8):
            "Distinct objects by kind in the scopes that the last run read completely.",
            "Absent for a system without a complete scope.";
        SCAN_API_REQUESTS = Gauge "scan_api_requests" ["system"] LeaveOut(3):
            "Requests that the last scan of the system sent, repeats included.", "Absent for systems read from files.";
        SCAN_API_FAILURES = Gauge "scan_api_failures" ["system"] LeaveOut(4):
            "Requests of the last scan that got no usable answer after all repeats.", "Absent for systems read from files.";
        SCAN_API_RETRIES = Gauge "scan_api_retries" ["system"] LeaveOut(5):
            "Requests of the last scan that repeated an earlier one.", "Absent for systems read from files.";
        SCAN_API_THROTTLED = Gauge "scan_api_throttled" ["system"] LeaveOut(6):
            "Answers of the last scan that told us to wait.", "Absent for systems read from files.";
        SCAN_API_WAIT = Gauge "scan_api_wait_seconds" ["system"] LeaveOut(7):
            "Time that the last scan of the system spent waiting for limits.", "Summed over requests that waited side by side. Absent for systems read from files.";
        CREDENTIAL_EXPIRY = Gauge "credential_expiry_timestamp_seconds" ["system"] LeaveOut(24):
            "Unix time at which the credential that the system is read with ends by itself.",
            "Absent where the system does not say it or there is no end; never told of a token that is made anew for each run. Told by GitHub (personal access tokens) and Vault (tokens).";
        CREDENTIAL_EXCESS = Gauge "credential_excess_permissions" ["system"] LeaveOut(23):
            "Rights of the credential that the scanner does not need.",
            "Absent where the system does not say what a credential may do. Told by GitHub (Apps and classic tokens); `holdover check-permissions` names them.";
        SCAN_UNATTRIBUTED = Gauge "scan_unattributed_objects" ["system"] LeaveOut(20):
            "Objects that belong to nobody known.", "Absent for a system of which nothing was read.";
        SCAN_MATCHED_RATIO = Gauge "scan_matched_person_ratio" ["system"] LeaveOut(18):
            "Share of the people on the roster who have an identity in the system.",
            "Absent for a system of which nothing was read.";
    }
    "Residual access" {
        RESIDUAL = Gauge "residual_findings" ["system", "severity"] LeaveOut(36):
            "Open findings of residual access, suppressed ones and those within the agreed time left out.",
            "Zero-filled for every configured system. A system that could not be read keeps its findings, as `unverified`.";
        RESIDUAL_BY_KIND = Gauge "residual_findings_by_kind" ["system", "kind"] LeaveOut(1):
            "Open findings of residual access by kind of access.", "Zero-filled for the kinds that the system showed.";
        RESIDUAL_BY_RULE = Gauge "residual_findings_by_rule" ["rule", "severity"] LeaveOut(9):
            "Open findings of residual access by their leading rule.", "Only the pairs that occur.";
        RESIDUAL_BY_STATE = Gauge "residual_findings_by_state" ["state"] Keep:
            "Findings of residual access by state.",
            "The first four sum up to `holdover_residual_findings`; `ambiguous` also counts grants that may belong to somebody who left.";
        RESIDUAL_WITHIN_TIME = Gauge "residual_findings_within_time" ["system", "severity"] LeaveOut(10):
            "Open findings whose agreed time has not run out yet.", "Not residual access.";
        RESIDUAL_USED = Gauge "residual_findings_used_after_end" ["system"] LeaveOut(33):
            "Open findings of access that was certainly used after the end.",
            "Uses that cannot be decided are not counted.";
        PEOPLE = Gauge "people_with_residual_access" ["severity"] Keep:
            "People with residual access, by their worst finding.", "People, not findings.";
        OLDEST_END = Gauge "oldest_residual_access_end_timestamp_seconds" ["system"] LeaveOut(32):
            "Unix time at which access should have ended, for the oldest open finding; absent when there is none.", "";
        EXPOSURE = Gauge "residual_exposure_seconds" ["severity"] Keep:
            "Sum over open findings of the time since the end of access, as of the last run.", "";
        OPENED = Counter "findings_opened_total" ["severity"] Keep: "Findings opened, over all runs.", "";
        CLOSED = Counter "findings_closed_total" ["severity"] Keep: "Findings closed, over all runs.", "";
        REOPENED = Counter "findings_reopened_total" ["severity"] Keep: "Findings that came back, over all runs.", "";
        REMNANTS = Gauge "remnants" ["system", "kind"] LeaveOut(2):
            "Grants of people who left that are switched off or cannot come back.",
            "Not residual access. Zero-filled for the kinds that the system showed.";
        LICENSES = Gauge "licenses_of_leavers" ["system"] LeaveOut(15):
            "Paid seats assigned to people who left.", "A cost, never residual access.";
    }
    "Outcome of offboarding" {
        REVOCATION_DELAY = Histogram "revocation_delay_seconds" ["severity"] Keep:
            "Time from the end of access due to the first read that proved it gone; the true time lies between two reads.",
            "Findings that are still open, and access that ended before the first read, are not in it: show it beside `holdover_leavers_verified_total` and the oldest open finding.";
        DETECTION_DELAY = Histogram "detection_delay_seconds" [] Keep:
            "Time from the end of access due to the first read that showed it as residual.", "";
        LEAVERS_VERIFIED = Counter "leavers_verified_total" ["outcome"] Keep:
            "Leavers whose first complete check after the end of access is done, by outcome.",
            "`clean` or `residual`.";
        LEAVERS_UNVERIFIED = Gauge "leavers_unverified" [] Keep:
            "Leavers whose access has ended and who were not yet checked without a gap.", "";
    }
    "Roster and exceptions" {
        ROSTER_AS_OF = Gauge "roster_as_of_timestamp_seconds" ["roster"] LeaveOut(31):
            "Unix time the accepted roster states as its own cut-off.",
            "The time of its file where it states none. Absent while a newer one is held.";
        ROSTER_ACCEPTED = Gauge "roster_accepted_timestamp_seconds" ["roster"] LeaveOut(29):
            "Unix time at which the roster in force was accepted.", "";
        ROSTER_HELD = Gauge "roster_held" ["roster"] LeaveOut(38):
            "Whether the newest roster failed a gate and the previous one, or none, is in force (1).",
            "`all` where no source is to blame alone and none could be read.";
        ROSTER_RECORDS = Gauge "roster_records" ["roster"] LeaveOut(30):
            "Records of the accepted roster.", "Absent while a newer one is held.";
        ROSTER_REJECTED = Gauge "roster_rejected_records" ["roster"] LeaveOut(28):
            "Records of the newest roster that could not be used.", "";
        ROSTER_AMBIGUOUS = Gauge "roster_ambiguous_people" ["roster"] LeaveOut(27):
            "People whose records contradict each other.", "";
        EXCEPTIONS = Gauge "exceptions" ["state"] Keep: "Exceptions on file, by state.", "";
        EXCEPTIONS_EXPIRING = Gauge "exceptions_expiring" [] Keep:
            "Active exceptions that end within the warning window.", "";
        EXCEPTIONS_NEXT_EXPIRY = Gauge "exceptions_next_expiry_timestamp_seconds" [] Keep:
            "Unix time at which the next active exception ends; absent when there is none.", "";
        EXCEPTIONS_LAPSED_OPEN = Gauge "exceptions_lapsed_open" [] Keep:
            "Exceptions that have ended while access they covered is still open.",
            "Those in `holdover_exceptions{state=\"expired\"}` stay on file; these ask for something.";
        EXCEPTIONS_REVIEW = Gauge "exceptions_review_overdue" [] Keep: "Exceptions whose review is overdue.", "";
    }
    "Tickets" {
        TICKETS_OPEN = Gauge "tickets_open" ["tracker"] LeaveOut(42): "Own tickets that are open in the tracker.",
            "As the last `holdover tickets sync` left it, told by the next run. Absent without a configured tracker, like all families of this section.";
        TICKETS_PENDING = Gauge "tickets_pending" ["tracker"] LeaveOut(43):
            "Changes that wait to be sent to the tracker.",
            "What the last `holdover tickets sync` left; what the same run adds is not in it yet.";
        TICKETS_HELD = Gauge "tickets_held_by_breaker" ["tracker"] LeaveOut(44):
            "Changes that the breaker holds until a person releases them.", "";
        TICKETS_CONTRADICTED = Gauge "tickets_contradicted" ["tracker"] LeaveOut(40):
            "Tickets that say done while the system still shows the access.", "";
        TICKETS_DISPUTED = Gauge "tickets_disputed" ["tracker"] LeaveOut(39):
            "Contradicted tickets that were closed again by hand and are not opened a third time.", "";
        TICKET_OPERATIONS = Counter "ticket_operations_total" ["tracker", "operation", "outcome"] LeaveOut(14):
            "Calls to the tracker, over all runs.",
            "`operation` is `create`, `revise`, `comment`, `reopen` or `resolve`; `outcome` is `ok` or `failed`.";
    }
    "Service" {
        SERVE_START = Gauge "serve_start_timestamp_seconds" [] Keep:
            "Unix time at which the service started.", "Told by `holdover serve` alone, as is the rest of this section.";
        SERVE_NEXT_RUN = Gauge "serve_next_run_timestamp_seconds" ["schedule"] Keep:
            "Unix time at which the schedule entry starts next.", "Absent for an entry that never comes again.";
        SERVE_RUNNING = Gauge "serve_run_in_progress" [] Keep: "Whether a run is going on (1).", "";
        SERVE_SKIPPED = Counter "serve_runs_skipped_total" [] Keep:
            "Scheduled starts that got no run of their own, since the service started.",
            "One that overlapped with a waiting run became part of it; missed ones were caught up by one run, or passed over.";
        CONFIG_RELOAD_SUCCESS = Gauge "config_reload_success" [] Keep:
            "Whether the last attempt to take a configuration over succeeded (1).", "";
        CONFIG_RELOAD_LAST_SUCCESS = Gauge "config_reload_last_success_timestamp_seconds" [] Keep:
            "Unix time at which a configuration was taken over last.", "The start of the service counts as one.";
    }
}

/// Labels that any family may have. All come from closed sets, except `system`, `roster`, `tracker`, `provider` and
/// `schedule`, which come from the configuration, and `version` and `revision` of the build.
pub const LABELS: &[&str] = &[
    "flag",
    "kind",
    "operation",
    "outcome",
    "provider",
    "revision",
    "roster",
    "rule",
    "schedule",
    "severity",
    "state",
    "system",
    "tier",
    "tracker",
    "version",
];

/// Every family in order.
pub fn families() -> impl Iterator<Item = &'static Family> {
    TABLE.iter().flat_map(|(_, families)| families.iter().copied())
}

//! The columns of a fetched roster: the canonical ones of `docs/roster.md`, and two that lead to them.

macro_rules! columns {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// One column a source may fill.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Column { $($(#[$doc])* $variant,)+ }

        impl Column {
            /// Every column, in the order in which a record is written.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
            const NAMES: &'static [&'static str] = &[$($name,)+];
        }
    };
}

columns! {
    /// Immutable id of the person in the source.
    PersonId = "person_id",
    /// Number of the spell.
    Stint = "stint",
    /// Sort of employment, in the source's word.
    EmploymentType = "employment_type",
    /// Status, in the source's word.
    Status = "status",
    /// Name to show.
    DisplayName = "display_name",
    /// Preferred name.
    PreferredName = "preferred_name",
    /// Legal name; compared, never shown.
    LegalName = "legal_name",
    /// Current work address.
    WorkEmail = "work_email",
    /// First day employed.
    StartDate = "start_date",
    /// Last day employed, or the first one no longer: the configuration says which.
    EndDate = "end_date",
    /// Last day worked.
    LastDayWorked = "last_day_worked",
    /// Instant that overrides the dates.
    AccessEndAt = "access_end_at",
    /// Zone of the tz database.
    TimeZone = "time_zone",
    /// How the employment ended, in the source's word.
    TerminationType = "termination_type",
    /// Whether access has to end at once.
    Urgency = "urgency",
    /// Tier of the role.
    RoleTier = "role_tier",
    /// Tag of a common departure.
    Batch = "batch",
    /// Manager.
    ManagerPersonId = "manager_person_id",
    /// Department.
    Department = "department",
    /// Whether data must be kept.
    LegalHold = "legal_hold",
    /// Number of the record in the source.
    SourceRecordId = "source_record_id",
    /// When the source changed the record.
    UpdatedAt = "updated_at",
    /// First day of the first spell. Not written: it tells an earlier spell from the present one.
    OriginalStartDate = "original_start_date",
    /// Where somebody works. Not written: `time_zones` makes a zone of it.
    Location = "location",
}

impl Column {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// Columns without which a row means nothing.
    pub const REQUIRED: [Self; 2] = [Self::PersonId, Self::StartDate];
    /// Columns that can tell an end.
    pub const ENDS: [Self; 3] = [Self::EndDate, Self::LastDayWorked, Self::AccessEndAt];
    /// Columns that are never written.
    pub const HELPERS: [Self; 2] = [Self::OriginalStartDate, Self::Location];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The column with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|known| *known == name).map(|at| Self::ALL[at])
    }

    pub(crate) fn is_date(self) -> bool {
        matches!(self, Self::StartDate | Self::EndDate | Self::LastDayWorked | Self::OriginalStartDate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_column() {
        for column in Column::ALL {
            assert_eq!(Column::parse(column.as_str()), Some(*column));
        }
        assert_eq!(Column::parse("ssn"), None);
    }
}

//! The canonical columns of a roster, and which of them a source cannot do without.

macro_rules! columns {
    ($($variant:ident = $name:literal,)+) => {
        /// One canonical column of `roster.csv`, in the order of the format.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Column { $(#[doc = concat!("`", $name, "`")] $variant,)+ }

        impl Column {
            /// Every column.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
            /// Every name, in the same order.
            pub const NAMES: &'static [&'static str] = &[$($name,)+];
        }
    };
}

columns! {
    PersonId = "person_id",
    Stint = "stint",
    EmploymentType = "employment_type",
    Status = "status",
    DisplayName = "display_name",
    PreferredName = "preferred_name",
    LegalName = "legal_name",
    WorkEmail = "work_email",
    StartDate = "start_date",
    EndDate = "end_date",
    LastDayWorked = "last_day_worked",
    AccessEndAt = "access_end_at",
    TimeZone = "time_zone",
    TerminationType = "termination_type",
    Urgency = "urgency",
    RoleTier = "role_tier",
    Batch = "batch",
    ManagerPersonId = "manager_person_id",
    Department = "department",
    LegalHold = "legal_hold",
    Source = "source",
    SourceRecordId = "source_record_id",
    UpdatedAt = "updated_at",
}

impl Column {
    /// The canonical name.
    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The column with this canonical name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().position(|known| *known == name).map(|at| Self::ALL[at])
    }

    /// Columns without which a row means nothing.
    pub const REQUIRED: [Self; 3] = [Self::PersonId, Self::EmploymentType, Self::StartDate];

    /// Columns that can tell an end. A source that lists people who left needs at least one of them.
    pub const ENDS: [Self; 3] = [Self::EndDate, Self::LastDayWorked, Self::AccessEndAt];

    /// Columns whose disappearance changes verdicts: once accepted with one of them, a source has to keep it (ROS-2).
    pub const DECIDING: [Self; 10] = [
        Self::PersonId,
        Self::Stint,
        Self::EmploymentType,
        Self::Status,
        Self::WorkEmail,
        Self::StartDate,
        Self::EndDate,
        Self::LastDayWorked,
        Self::AccessEndAt,
        Self::TimeZone,
    ];

    /// Whether the value tells that, or how, somebody leaves. Never quoted while that end lies ahead.
    pub fn tells_of_an_end(self) -> bool {
        matches!(
            self,
            Self::Status
                | Self::EndDate
                | Self::LastDayWorked
                | Self::AccessEndAt
                | Self::TerminationType
                | Self::Urgency
                | Self::Batch
                | Self::LegalHold
                | Self::UpdatedAt
        )
    }
}

/// Columns of `aliases.csv`, in the order of the format.
pub(super) const ALIAS_COLUMNS: [&str; 7] =
    ["person_id", "kind", "value", "system", "personal", "valid_from", "valid_to"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_column() {
        for (column, name) in Column::ALL.iter().zip(Column::NAMES) {
            assert_eq!(Column::parse(name), Some(*column));
            assert_eq!(column.as_str(), *name);
        }
        assert_eq!(Column::parse("personid"), None);
    }
}

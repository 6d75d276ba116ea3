//! Faults of disks, copies and people: rows S1, S3, S4, S5, S7 and T9 of the fault table, as far as they concern the store.

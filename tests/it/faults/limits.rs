//! Rows L1 to L4: limits in every form, and outages longer than the budget.

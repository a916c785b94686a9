//! The laws of the pure core, over arbitrary observations, records and clocks; and the rules of the house.
//!
//! Nothing in here connects, waits or reads a clock: a life of weeks is a loop over the pure functions. Only [`gitops`] asks
//! programs, for what GitOps tools make of a status.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod arbitrary;
mod attempts;
mod back_off;
mod changes;
mod clock_steps;
mod crash_loops;
mod decisions;
mod election;
mod figures;
mod foreign_records;
mod gate_account_laws;
mod gate_accounts;
mod gate_hanging;
mod gate_hosts;
mod gate_limits;
mod gate_lines;
mod gate_order;
mod gate_order_laws;
mod gate_places;
mod gate_restarts;
mod gate_run_loop;
mod gate_scene;
mod gate_told;
mod gate_world;
mod gitops;
mod guarantees;
mod house;
mod life;
mod lifetimes;
mod lost_announcements;
mod margins;
mod merged_records;
mod readme;
mod refresh;
mod shared_values;
mod status_rules;
mod status_table;
mod waits_told;
mod wakeups;

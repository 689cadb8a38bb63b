//! Machine, time and settings of the run.

use super::{Report, micros, ms};
use crate::support::machine::Machine;
use crate::support::plan::Length;

pub(super) fn section(report: &Report) -> String {
    let Report { machine, limits, documents, plan, .. } = report;
    let Machine { at, processors, model, system, file_system, postgres, load } = machine;
    let length = match plan.length {
        Length::Quick => "A quick run",
        Length::Usual => "A run",
        Length::Long => "A long run",
    };
    format!(
        "{length} of {at} on {model}, {processors} processors, {system}; {postgres}. Load average before it: {load}.\n\n\
         Limits of this machine in the same run:\n\n\
         - RSA-2048 signatures, one at a time: {single:.0} per second on one thread, {all:.0} on {processors}\n\
         - fsync of 4 KiB on {file_system}: {fsync}, {commits:.0} per second\n\
         - hello from actix-web: {hello:.0} per second, {each} of processor time each\n\
         - start and end of `true`: {process}",
        single = limits.single,
        all = limits.all,
        fsync = ms(limits.fsync),
        commits = 1.0 / limits.fsync.as_secs_f64(),
        hello = documents.hello.per_second(),
        each = micros(documents.hello.server_each()),
        process = ms(limits.process),
    )
}

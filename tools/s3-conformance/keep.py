"""A plugin of pytest: each test's result goes to the file RESULTS as a line (results.ts reads it) when the test has ended, so that a run that
is stopped keeps what it has."""

import os

import pytest

FILE = os.environ.get('RESULTS')
# Of the test that runs: what each of its phases (set-up, call, clean-up) said; the first that did not pass counts.
reports = []


def outcome_of(report):
    if report.skipped:
        return 'skipped', report.longrepr[2] if isinstance(report.longrepr, tuple) else ''
    crash = getattr(report.longrepr, 'reprcrash', None)
    return 'failed', crash.message if crash else str(report.longrepr)


@pytest.hookimpl
def pytest_runtest_logreport(report):
    reports.append(report)
    if report.when != 'teardown':
        return
    noted = {name for each in reports for name, _ in each.user_properties}
    outcome, why = next((outcome_of(each) for each in reports if not each.passed), ('passed', ''))
    reports.clear()
    if FILE is None:
        return
    name = report.nodeid.rsplit('/', 1)[-1].replace('.py::', '::')
    why = next(iter(why.strip().splitlines()), '').replace('\t', ' ')
    fields = [outcome, name, *(each if each in noted else '' for each in ('translated', 'set up')), why]
    # Opened to append, in one write: shards share the file.
    with open(FILE, 'ab', buffering=0) as file:
        file.write(('\t'.join(fields) + '\n').encode())

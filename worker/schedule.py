"""When each job runs; a missed run is made up by the next: jobs ask what is due."""

from celery.schedules import crontab, schedule

from directory.nightly import NIGHTLY

BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "poll_factory": {"task": "worker.tasks.poll_factory", "schedule": schedule(1.0)},
    "publish_crls": {"task": "worker.tasks.publish_crls", "schedule": schedule(2.0)},
    "sign_head": {"task": "worker.tasks.sign_head", "schedule": schedule(2.0)},
    "watch_revocations": {"task": "worker.tasks.watch_revocations", "schedule": schedule(2.0)},
    "send_orders": {"task": "worker.tasks.send_orders", "schedule": schedule(5.0)},
    "watch_journal": {"task": "worker.tasks.watch_journal", "schedule": schedule(10.0)},
    "watch_hsm": {"task": "worker.tasks.watch_hsm", "schedule": schedule(10.0)},
    "issue_waiting": {"task": "worker.tasks.issue_waiting", "schedule": schedule(10.0)},
    "end_overdue": {"task": "worker.tasks.end_overdue", "schedule": schedule(15.0)},
    "keep_specimens": {"task": "worker.tasks.keep_specimens", "schedule": schedule(15.0)},
    "keep_service_signers": {"task": "worker.tasks.keep_service_signers", "schedule": schedule(15.0)},
    "measure_status": {"task": "worker.tasks.measure_status", "schedule": schedule(20.0)},
    "acme_due": {"task": "worker.tasks.acme_due", "schedule": schedule(5.0)},
    "carry_out_decisions": {"task": "worker.tasks.carry_out_decisions", "schedule": schedule(5.0)},
    "order_for_several": {"task": "worker.tasks.order_for_several", "schedule": schedule(2.0)},
    "sync_requested": {"task": "worker.tasks.sync_requested", "schedule": schedule(5.0)},
    "remove_outdated": {"task": "worker.tasks.remove_outdated", "schedule": crontab(hour="4", minute="30")},
    "block_unactivated": {
        "task": "worker.tasks.block_unactivated",
        "schedule": crontab(hour="4", minute="40"),
    },
    "remind_card_holders": {
        "task": "worker.tasks.remind_card_holders",
        "schedule": crontab(hour="5", minute="10"),
    },
    "tell_of_low_stock": {"task": "worker.tasks.tell_of_low_stock", "schedule": crontab(minute="20")},
    "run_schedules": {"task": "worker.tasks.run_schedules", "schedule": schedule(60.0)},
    "delete_reports": {"task": "worker.tasks.delete_reports", "schedule": schedule(300.0)},
    "purge_pictures": {"task": "worker.tasks.purge_pictures", "schedule": schedule(300.0)},
    "refresh_ocsp": {"task": "worker.tasks.refresh_ocsp", "schedule": schedule(60.0)},
    "sync_hsa": {
        "task": "worker.tasks.sync_hsa",
        "schedule": crontab(hour=NIGHTLY["hsa"].hour, minute=NIGHTLY["hsa"].minute),
    },
    "sync_roles": {"task": "worker.tasks.sync_roles", "schedule": crontab(hour="1", minute="0")},
    "care_for_roles": {"task": "worker.tasks.care_for_roles", "schedule": crontab(hour="5", minute="0")},
    "raise_notices": {"task": "worker.tasks.raise_notices", "schedule": schedule(600.0)},
    "read_function_objects": {
        "task": "worker.tasks.read_function_objects",
        "schedule": crontab(hour="2", minute="30"),
    },
    "check_names": {"task": "worker.tasks.check_names", "schedule": schedule(60.0)},
    "send_notices": {"task": "worker.tasks.send_notices", "schedule": schedule(60.0)},
    "deliver_functions": {"task": "worker.tasks.deliver_functions", "schedule": schedule(10.0)},
    "retain": {"task": "worker.tasks.retain", "schedule": crontab(hour="4", minute="0")},
    "sync_pu": {
        "task": "worker.tasks.sync_pu",
        "schedule": crontab(hour=NIGHTLY["pu"].hour, minute=NIGHTLY["pu"].minute),
    },
}
for _entry in BEAT_SCHEDULE.values():
    # A job that could not start before its next turn is dropped: the next one does its work.
    _entry["options"] = {"expires": 30}

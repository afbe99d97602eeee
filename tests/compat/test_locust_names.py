"""The public API of Locust, pinned: every name resolves under the alias, in a fresh process."""

import json

NAMES = {
    "locust": (
        "User HttpUser FastHttpUser TaskSet SequentialTaskSet MarkovTaskSet task tag transition "
        "transitions LoadTestShape events run_single_user between constant constant_pacing "
        "constant_throughput poisson wait_time HttpLocust Locust __version__ "
        # submodules are there without an import of their own
        "argument_parser clients contrib debug dispatch env event exception html input_events log "
        "main opentelemetry rpc runners shape stats user util web"
    ),
    "locust.argument_parser": "get_parser ui_extra_args_dict get_locustfiles_locally "
    "parse_locustfile_option parse_options get_empty_argument_parser default_args_dict "
    "LocustArgumentParser UIExtraArgOptions DEFAULT_CONFIG_FILES",
    "locust.clients": "HttpSession ResponseContextManager LocustResponse",
    "locust.contrib": "",
    "locust.contrib.csv_request_logger": "CsvRequestLogger CSV_COLUMNS",
    "locust.contrib.fasthttp": "FastHttpUser FastHttpSession FastHttpLocust FastResponse "
    "ErrorResponse LocustBadStatusCode",
    "locust.debug": "run_single_user",
    "locust.dispatch": "UsersDispatcher",
    "locust.env": "Environment",
    "locust.event": "Events EventHook",
    "locust.exception": "LocustError ResponseError CatchResponseError MissingWaitTimeError "
    "InterruptTaskSet StopTest StopUser RescheduleTask RescheduleTaskImmediately RPCError "
    "RPCSendError RPCReceiveError RunnerAlreadyExistsError",
    "locust.html": "get_html_report",
    "locust.input_events": "input_listener",
    "locust.log": "unhandled_greenlet_exception setup_logging get_logs greenlet_exception_logger "
    "LogReader",
    "locust.main": "create_environment main is_user_class version",
    "locust.opentelemetry": "setup_opentelemetry",
    "locust.rpc": "Message",
    "locust.rpc.protocol": "Message",
    "locust.rpc.zmqrpc": "BaseSocket Server Client",
    "locust.runners": "STATE_INIT STATE_SPAWNING STATE_RUNNING STATE_CLEANUP STATE_STOPPING "
    "STATE_STOPPED STATE_MISSING Runner LocalRunner MasterRunner WorkerRunner WorkerNode "
    "WORKER_REPORT_INTERVAL WORKER_LOG_REPORT_INTERVAL HEARTBEAT_INTERVAL HEARTBEAT_LIVENESS "
    "HEARTBEAT_DEAD_INTERNAL MASTER_HEARTBEAT_TIMEOUT FALLBACK_INTERVAL CONNECT_TIMEOUT "
    "CONNECT_RETRY_COUNT CPU_MONITOR_INTERVAL CPU_WARNING_THRESHOLD",
    "locust.shape": "LoadTestShape",
    "locust.stats": "RequestStats StatsEntry StatsError StatsCSV StatsCSVFileWriter "
    "PERCENTILES_TO_REPORT PERCENTILES_TO_STATISTICS PERCENTILES_TO_CHART STATS_NAME_WIDTH "
    "STATS_TYPE_WIDTH STATS_AUTORESIZE CSV_STATS_INTERVAL_SEC CSV_STATS_FLUSH_INTERVAL_SEC "
    "CONSOLE_STATS_INTERVAL_SEC HISTORY_STATS_INTERVAL_SEC "
    "CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW print_stats print_stats_json print_percentile_stats "
    "print_error_report stats_printer stats_history sort_stats validate_stats_configuration "
    "bucket_response_time get_readable_percentiles",
    "locust.user": "User HttpUser TaskSet SequentialTaskSet MarkovTaskSet task tag transition "
    "transitions between constant constant_pacing constant_throughput wait_time",
    "locust.user.inspectuser": "get_ratio print_task_ratio print_task_ratio_json",
    "locust.user.markov_taskset": "MarkovTaskSet transition transitions NoMarkovTasksError "
    "InvalidTransitionError NonMarkovTaskTransitionError MarkovTaskTagError",
    "locust.user.sequential_taskset": "SequentialTaskSet",
    "locust.user.task": "TaskSet DefaultTaskSet task tag filter_tasks_by_tags "
    "LOCUST_STATE_RUNNING LOCUST_STATE_WAITING LOCUST_STATE_STOPPING",
    "locust.user.users": "User HttpUser PytestUser UserMeta",
    "locust.user.wait_time": "between constant constant_pacing constant_throughput poisson",
    "locust.util": "",
    "locust.util.cache": "memoize",
    "locust.util.date": "format_utc_timestamp format_safe_timestamp format_duration",
    "locust.util.deprecation": "check_for_deprecated_task_set_attribute "
    "deprecated_locust_meta_class",
    "locust.util.directory": "get_abspaths_in",
    "locust.util.exception_handler": "retry",
    "locust.util.load_locustfile": "is_user_class is_shape_class load_locustfile",
    "locust.util.rounding": "proper_round",
    "locust.util.timespan": "parse_timespan",
    "locust.util.url": "is_url",
    "locust.web": "WebUI",
}

PROGRAM = """
import importlib, json, sys
from katydid import alias
alias.install()
missing = []
for module, names in json.loads(sys.argv[1]).items():
    found = importlib.import_module(module)
    missing += [f"{module}.{name}" for name in names.split() if not hasattr(found, name)]
print(json.dumps(missing))
"""


def test_every_public_name_resolves(python):
    done = python("-c", PROGRAM, json.dumps(NAMES))
    assert done.stderr == ""
    assert json.loads(done.stdout) == []


def test_star_import_of_the_package_gives_the_documented_names(python):
    code = (
        "import katydid.alias; katydid.alias.install()\n"
        "from locust import *\n"
        "print(HttpUser.__name__, task.__name__, between(1, 2), events.request is not None)\n"
    )
    done = python("-c", code)
    assert done.stderr == ""
    assert done.stdout.startswith("HttpUser task <function")


def test_a_plain_locustfile_loads_neither_sockets_nor_flask(python):
    code = (
        "import sys, katydid.alias; katydid.alias.install()\n"
        "from locust import HttpUser, task, between, events\n"
        "print([name for name in ('zmq', 'flask', 'katydid.web', 'katydid.run') "
        "if name in sys.modules])\n"
    )
    done = python("-c", code)
    assert (done.stdout, done.stderr) == ("[]\n", "")

"""What differs between databases, once more on PostgreSQL: texts it cannot store, and transactions that overlap."""

from __future__ import annotations

import pytest

from tests.live.test_bad_requests import test_path_that_holds_nul_is_a_404
from tests.live.test_semantics import (
    test_of_many_first_messages_at_once_one_is_answered,
    test_replace_cancels_the_running_turn_and_keeps_what_it_said,
    test_replaces_at_once_leave_one_turn_running_and_the_thread_sound,
    test_same_request_after_a_failure_tries_the_same_message_again,
    test_same_request_many_times_at_once_is_one_turn,
    test_same_request_while_it_runs_attaches,
)
from tests.live.test_text import test_text_round_trips_to_the_letter, test_title_round_trips_to_the_letter
from tests.live.test_threads import (
    test_delete_while_a_turn_runs_ends_it_for_all_who_follow,
    test_session_goes_on_in_an_empty_thread_after_its_own_was_deleted,
)
from tests.servers import Launcher, PostgresProcess, ServerProcess

__all__ = [
    "test_delete_while_a_turn_runs_ends_it_for_all_who_follow",
    "test_of_many_first_messages_at_once_one_is_answered",
    "test_path_that_holds_nul_is_a_404",
    "test_replace_cancels_the_running_turn_and_keeps_what_it_said",
    "test_replaces_at_once_leave_one_turn_running_and_the_thread_sound",
    "test_same_request_after_a_failure_tries_the_same_message_again",
    "test_same_request_many_times_at_once_is_one_turn",
    "test_same_request_while_it_runs_attaches",
    "test_session_goes_on_in_an_empty_thread_after_its_own_was_deleted",
    "test_text_round_trips_to_the_letter",
    "test_title_round_trips_to_the_letter",
]


@pytest.fixture(scope="module")
def live(start_server: Launcher, postgres_process: PostgresProcess) -> ServerProcess:
    return start_server(DATABASE_URL=postgres_process.database())

"""What libraries print goes to the run; what a person does beside it goes on as before."""

import datasets

from ftwidgets.training.launch import load_libraries


def test_datasets_own_thread_pool_still_works_after_a_run_was_prepared(tmp_path):
    load_libraries()
    rows = datasets.Dataset.from_dict({"text": [str(i) for i in range(100)]})
    rows.save_to_disk(tmp_path / "rows", num_shards=3)  # opened by tqdm's thread pool
    assert datasets.load_from_disk(tmp_path / "rows")["text"][:] == rows["text"][:]


def test_a_library_asks_for_the_bars_lock_and_takes_it_off_again():
    load_libraries()
    bars = datasets.arrow_dataset.hf_tqdm
    lock = bars.get_lock()
    bars.set_lock(lock)
    assert bars.get_lock() is lock
    with bars(range(3), disable=True) as bar:
        assert list(bar) == [0, 1, 2]

"""``ftwidgets export`` in a terminal."""

from ftwidgets import cli


def test_an_export_prints_what_was_checked(finished, tmp_path, capsys):
    assert cli.main(["export", str(finished.folder), "--to", "adapter", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert f"adapter: {tmp_path / 'out'}" in printed and "Read back" in printed
    assert (tmp_path / "out" / "adapter_model.safetensors").is_file()


def test_what_cannot_be_is_told_in_one_line(finished, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    assert cli.main(["export", str(finished.folder), "--to", "card", str(tmp_path / "out")]) == 2
    assert "something already" in capsys.readouterr().err
    assert cli.main(["export", str(finished.folder), "--to", "card", "one", "two"]) == 2
    assert "one target" in capsys.readouterr().err
    assert cli.main(["export", str(finished.folder), "--to", "onnx"]) == 2
    assert "use one of adapter" in capsys.readouterr().err
    assert cli.main(["export", str(tmp_path / "nowhere"), "--to", "card"]) == 2
    assert "No run in" in capsys.readouterr().err
    assert cli.main(["export", str(finished.folder), "--to", "merged", str(tmp_path / "x"), "--outtype", "f16"]) == 2
    assert "not an option" in capsys.readouterr().err

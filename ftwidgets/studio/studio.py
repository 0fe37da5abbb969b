"""Studio: the form, the run and its views in one widget."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ipywidgets as w

from ftwidgets.config import METHODS, OPTIONS, ConfigError, IncompleteError, RunConfig
from ftwidgets.errors import FtwidgetsError
from ftwidgets.fetching import begin as begin_fetching
from ftwidgets.measuring import begin as begin_measuring
from ftwidgets.memory import Measurement
from ftwidgets.models import AdapterError, Model, read_adapter, resolve_base
from ftwidgets.passing import Passing
from ftwidgets.rewarding import begin as begin_trial
from ftwidgets.runs import LiveRun
from ftwidgets.starting import function_name, retry, train, warm_up
from ftwidgets.studio import standing
from ftwidgets.studio.notebook import FromNotebook
from ftwidgets.studio.results import Results
from ftwidgets.widgets.code_view import CodeView
from ftwidgets.widgets.data_panel import DataPanel
from ftwidgets.widgets.fit_panel import FitPanel
from ftwidgets.widgets.form import Form
from ftwidgets.widgets.go_to import GoTo
from ftwidgets.widgets.header import Header
from ftwidgets.widgets.inspect_panel import InspectPanel
from ftwidgets.widgets.mapping_panel import MappingPanel
from ftwidgets.widgets.method_panel import MethodPanel
from ftwidgets.widgets.model_panel import ModelPanel
from ftwidgets.widgets.model_picker import ModelPicker
from ftwidgets.widgets.reward_panel import RewardPanel
from ftwidgets.widgets.steps import Steps
from ftwidgets.widgets.text import paragraph
from ftwidgets.widgets.upload import Upload
from ftwidgets.widgets.variables import Variables
from ftwidgets.widgets.view import View

STEPS = ("Model", "Data", "Method", "Training", "Watch", "Try")
PANEL_OF = {"model": 0, "data": 1, "method": 2, "training": 3, "output": 3}  # by group of options
SUGGESTIONS: dict[str, list[str]] = {"dataset": ["demo"], "reward": []}  # what can be offered without looking far
BY_ROWS = ("dpo", "sft", "pretrain", "ppo")  # the first that rows can train is taken for them


class Studio(View):
    """Configure a run, start it in this kernel, and watch it.

    Args:
        config: A ``RunConfig``, its dictionary or a YAML file to begin with; the built-in model and data without.
        keywords: Options of ``RunConfig``, on top of ``config``. ``reward`` may be a function for PPO. What is missing
            is asked for in the form.

    Attributes:
        run: The run started last, or ``None``.
        config: The run that the form describes, or ``None`` while it has problems.

    Raises:
        ConfigError: An unknown option, a value outside its range, or options that do not go together.
    """

    def __init__(self, config: RunConfig | Mapping[str, Any] | str | Path | None = None, /, **keywords: Any):
        self.run: LiveRun | None = None
        self._outputs: list[Any] = []
        self._problems: dict[str, str] = {}
        self._refused: tuple[RunConfig | None, str] = (None, "")  # the run that did not start when asked to, and why
        self._adapter: Any = None
        self._fixed: dict[str, int] = {}  # what the adapter that goes on settles
        self._one_at_a_time = threading.RLock()  # rows, model and run tell of themselves from threads of their own
        own = keywords.get("reward")
        if callable(own):
            keywords["reward"] = function_name(own)
        start = RunConfig.from_yaml(Path(config)) if isinstance(config, str | Path) else config
        if isinstance(start, RunConfig):
            start = start.changed()
        self._method_chosen = "method" in {**(start or {}), **keywords}
        picker = ModelPicker(lambda: [self._output_dir()], self._go_on_training)
        try:
            values = RunConfig(**{**(start or {}), **keywords}).to_dict()
        except IncompleteError as missing:  # a form is there to be filled in
            values = missing.values
        self._form = Form(values, SUGGESTIONS, {"model": picker})
        self._fit = FitPanel(lambda values: self._form.change(**values), self._measure, lambda: self._refresh())
        self._header = Header(self.train, self._toggle_code, self._fit, self._show_field)
        self._focus = GoTo()
        self._code = CodeView()
        self._code.layout.display = "none"
        self._data = DataPanel(self._looked)
        self._mapping = MappingPanel(lambda mapping: self._form.change(mapping=mapping))
        self._variables = Variables(lambda name: self._form.change(dataset=name), lambda: self._offer())
        self._model = ModelPanel(
            lambda: self._refresh(),
            lambda values: self.fill(**values),
            lambda model, revision, small: begin_fetching(model, revision, small_only=small),
        )
        self._inspect = InspectPanel(self._prepare, self._use, lambda length: self._form.change(max_length=length))
        self._method = MethodPanel(self._choose, lambda: self._refresh())
        self._rewards = RewardPanel(
            lambda name: self._form.change(reward=name), self._try_reward, lambda: self._offer()
        )
        self._notebook = FromNotebook(
            self._variables, self._rewards.functions, own if callable(own) else None, self._datasets
        )
        self._results = Results(self._go_on, self._try_this, self._refresh)
        self._steps = Steps(
            dict(zip(STEPS, [*self._make_panels(), self._results.watch, self._results.after], strict=True))
        )
        self._form.on_change(self._refresh)
        super().__init__([self._focus, self._header, self._code, self._steps])
        self._offer()

    def _ipython_display_(self) -> None:
        """Display the form so that the output can become a record of its run when that has ended."""
        output = self._put_out()
        if output is not None:
            self._outputs.append(output)
        warm_up()

    @property
    def config(self) -> RunConfig | None:
        return self._form.config

    def fill(self, **values: Any) -> None:
        """Set options in the form, as if typed."""
        self._method_chosen |= "method" in values
        self._form.change(**values)

    def _make_panels(self) -> list[w.Widget]:
        names = {
            group: [n for n, o in OPTIONS.items() if o.group == group and n not in ("method", "mapping")]
            for group in ("model", "data", "method", "training", "output")
        }
        self._form.fields["method"].layout.display = "none"  # it and the mapping have controls of their own
        form = self._form.group
        upload = Upload(self._datasets, lambda path: self._form.change(dataset=path))
        return [
            w.VBox([form(names["model"]), self._model]),
            w.VBox([self._variables, form(names["data"]), upload, self._mapping, self._data, self._inspect]),
            w.VBox([self._method, form(names["method"]), self._rewards]),
            w.VBox([form(names["training"]), paragraph("What is kept", "section"), form(names["output"])]),
        ]

    def _refresh(self) -> None:
        with self._one_at_a_time:
            self._show_all()

    def _show_all(self) -> None:
        form = self._form
        names = ("dataset", "dataset_config", "mapping", "revision", "chat_template", "adapter")
        read = {name: form.fields[name].read() for name in names}
        if self._follow_adapter(read["adapter"]):
            return  # the form has changed, and all is on show by now
        model, method = str(form.fields["model"].read() or ""), str(form.fields["method"].read())
        split = str(form.fields["dataset_train_split"].read() or "train")
        self._look_at(str(read["dataset"] or ""), read["dataset_config"], split, read["mapping"], method)
        look = self._data.look
        self._mapping.show(read["mapping"], look.columns if look else None, look.read_off if look else None)
        self._model.show(model, read["revision"], method, read["chat_template"], read["adapter"])
        self._method.show(method, look, any_data=read["dataset"] == "demo", preset=model == "demo")
        self._code.show(form.config)
        if not self._model.reading:
            self._fit.show(form.draft, self._model.card)
        self._inspect.show(form.config)
        self._problems = standing.problems(form, self._data, self._model, self._method, self._notebook, self._fixed)
        for name in ("dataset", "model", "adapter", "r", "lora_alpha", "reward", "report_to"):
            form.fields[name].show_problem(self._problems.get(name, ""))
        self._mapping.show_problem(self._problems.get("mapping", ""))
        card, draft = self._model.card, form.draft
        form.fields["max_length"].show_note(card.beyond_context(method, draft.max_length) if card and draft else "")
        busy = self._busy()
        refusal = self._refused[1] if form.config == self._refused[0] else ""
        self._header.show(standing.title(form, self._data, self._model), self._problems, busy, refusal)
        config = form.config if not self._problems else None
        self._fit.offer(config, free=not busy)
        self._rewards.show(method, config, free=not busy)
        self._model.offer(free=not busy)
        self._mark_steps(self._problems)

    def _busy(self) -> str:
        running = self.run is not None and not self.run.ended
        return standing.busy(running, self._fit.measuring, self._rewards.busy, self._model.fetching)

    def _offer(self) -> None:
        """Other variables of the notebook hold rows now."""
        if not hasattr(self, "_steps"):
            return
        self._form.fields["dataset"].suggest([*SUGGESTIONS["dataset"], *self._variables.names])
        self._form.fields["reward"].suggest([*self._rewards.functions.names, *self._reward_runs()])
        self._refresh()

    def _choose(self, method: str) -> None:
        self.fill(method=method)

    def _looked(self) -> None:
        """The rows are known: take the method that they are best for, unless the person has chosen one."""
        look, method = self._data.look, str(self._form.fields["method"].read())
        if look is not None and not self._method_chosen:
            built_in = self._form.fields["dataset"].read() == "demo"  # has rows for every method
            fitting = next((name for name in BY_ROWS if built_in or look.usable[name][0]), method)
            if fitting != method:
                self._data.say(f"Method: {METHODS[fitting].title}, which these rows can train.")
                self._form.change(method=fitting)
                return
        self._refresh()

    def _look_at(self, dataset: str, config: Any, split: str, mapping: Any, method: str) -> None:
        try:
            self._data.show(dataset, config, split, mapping, method, self._notebook.rows(dataset))
        except FtwidgetsError as error:
            self._data.refuse(error)

    def _mark_steps(self, problems: Mapping[str, str]) -> None:
        wrong = {PANEL_OF[OPTIONS[name].group] for name in problems if name in OPTIONS}
        marks = ["⚠" if i in wrong else "✓" for i in range(4)]
        marks += ["●" if self.run is not None and not self.run.ended else "", ""]
        self._steps.mark(marks)

    def _prepare(self, config: RunConfig) -> tuple[Any, Any, dict[str, Any]]:
        """Rows and tokenizer as training will have them. Called in the background: it imports torch."""
        from ftwidgets.data import prepare
        from ftwidgets.training.loading import load_tokenizer
        from ftwidgets.training.preflight import encoding_options

        tokenizer = load_tokenizer(config)
        rows = self._notebook.rows(config.dataset)
        return prepare(config, rows=rows), tokenizer, encoding_options(config, tokenizer)

    def _use(self, dataset: Any) -> None:
        """Train on the rows that a person has judged."""
        self._form.change(dataset=self._notebook.keep(dataset), mapping=None)

    def _datasets(self) -> Path:
        """Where rows that are in no file of the person's own are kept."""
        return self._output_dir() / "datasets"

    def _output_dir(self) -> Path:
        return Path(str(self._form.fields["output_dir"].read() or "runs")).expanduser()

    def _try_this(self, values: dict[str, Any]) -> None:
        """Fill in what a health note proposes, and show where."""
        known = {name: value for name, value in values.items() if self._form.used(name)}
        if known:
            self._form.change(**known)
            self._show_field(next(iter(known)))

    def _show_field(self, name: str) -> None:
        """Turn to an option's panel, open the part that it is in, and give its control the focus."""
        self._steps.turn(PANEL_OF[OPTIONS[name].group])
        self._form.unfold(name)
        if name == "mapping":
            self._mapping.unfolded = True
        self._focus.show(name)

    def _go_on_training(self, adapter: Model) -> None:
        """An adapter was picked as the model: its base becomes the model, and the adapter goes on."""
        try:
            found = read_adapter(adapter.folder or adapter.name)
            self._form.change(model=resolve_base(found.folder), adapter=str(found.folder))
            self._form.unfold("adapter")
        except AdapterError as error:
            self._form.fields["model"].show_problem(str(error))

    def _follow_adapter(self, adapter: str | None) -> bool:
        """Another adapter is given: its rank and scale, which training cannot change, go into the form. Whether they
        were others there."""
        if adapter == self._adapter:
            return False
        self._adapter, self._fixed = adapter, {}
        try:
            found = read_adapter(adapter) if adapter else None
        except AdapterError:  # said beside its field
            found = None
        if found is not None:
            self._fixed = found.settles
        other = {name: value for name, value in self._fixed.items() if self._form.fields[name].read() != str(value)}
        if other:
            self._form.change(**other)
        return bool(other)

    def _toggle_code(self) -> None:
        self._code.layout.display = "" if self._code.layout.display == "none" else "none"

    def train(self) -> None:
        """Press Train."""
        if self._form.config is None or self._problems or self._busy():
            return
        config = self._form.config
        self._refused = (None, "")
        try:
            self._watch_over(train(self._notebook.kept(config), **self._notebook.reward(config)))
        except (ConfigError, FtwidgetsError) as error:
            self._refused = (config, str(error))  # said until the form says something else, whatever is read meanwhile
            self._refresh()

    def _reward_runs(self) -> list[str]:
        """Reward models trained here, newest first."""
        found = self._output_dir().glob("*-reward-*/adapter/adapter_config.json")
        return sorted((path.parts[-3] for path in found), reverse=True)

    def _try_reward(self, config: RunConfig) -> Passing[Any]:
        """Press “Try the reward”."""
        return begin_trial(config, **self._notebook.keywords(config))

    def _measure(self, config: RunConfig) -> Passing[Measurement]:
        """Press “Measure one step”."""
        return begin_measuring(config, **self._notebook.keywords(config))

    def _watch_over(self, run: LiveRun) -> None:
        """Show a run that was started."""
        self.run = run
        monitor = self._results.show(run)
        for output in self._outputs:
            monitor.curves.shown_in(output, self.model_id)
        self._steps.turn(STEPS.index("Watch"))
        self._refresh()

    def _go_on(self, failed: LiveRun) -> None:
        """Press “Apply and go on” where memory ran out: the form takes the settings that the run goes on with."""
        run = retry(failed, **self._notebook.reward(failed.config))
        before, after = failed.config.to_dict(), run.config.to_dict()
        self._form.change(**{n: after[n] for n in after if after[n] != before[n] and self._form.used(n)})
        self._watch_over(run)

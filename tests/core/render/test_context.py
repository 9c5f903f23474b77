import moderngl
import pytest

from core.errors import RenderError
from core.render.context import create_context, is_software_renderer
from core.render.gl import compiler_fault


def test_context_says_what_it_runs_on():
    context = create_context()
    assert context.renderer
    assert context.gl.version_code >= 410
    assert context.max_side >= 8192
    assert context.gl.error == "GL_NO_ERROR"
    context.release()


@pytest.mark.parametrize(
    ("renderer", "software"),
    [
        ("llvmpipe (LLVM 15.0.6, 256 bits)", True),
        ("softpipe", True),
        ("Google SwiftShader", True),
        ("Microsoft Basic Render Driver", True),
        ("NVIDIA GeForce RTX 4090/PCIe/SSE2", False),
        ("Apple M2", False),
        ("AMD Radeon RX 7900 XTX", False),
    ],
)
def test_software_renderers_are_known_by_name(renderer, software):
    assert is_software_renderer(renderer) is software


def test_no_context_is_told_with_what_to_do(monkeypatch):
    def refuse(**options):
        raise RuntimeError("no display\nat all")

    monkeypatch.setattr(moderngl, "create_context", refuse)
    with pytest.raises(RenderError, match="no display at all") as caught:
        create_context()
    assert caught.value.code == "no-gl"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("log", "fault"),
    [
        ("0:12(5): error: `x' undeclared\n0:13(1): error: y", "line 12: error: `x' undeclared"),
        ("0(7) : error C1503: undefined variable", "line 7: error C1503: undefined variable"),
        ("ERROR: 0:3: 'x' : undeclared", "line 3: 'x' : undeclared"),
        ("something else\n", "something else"),
        ("", "no reason given"),
    ],
)
def test_compiler_logs_of_every_vendor_give_the_line(log, fault):
    assert compiler_fault(log) == fault

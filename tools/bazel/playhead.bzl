"""The project's rules: our own code is compiled with a strict warning set, and warnings are errors."""

WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wcast-qual",
    "-Wconversion",
    "-Wdouble-promotion",
    "-Wextra-semi",
    "-Wformat=2",
    "-Wimplicit-fallthrough",
    "-Wmissing-declarations",
    "-Wnon-virtual-dtor",
    "-Woverloaded-virtual",
    "-Wpointer-arith",
    "-Wshadow",
    "-Wundef",
    "-Wunused",
    "-Wvla",
    "-Wno-missing-field-initializers",
]

def playhead_cc_library(name, copts = [], **kwargs):
    native.cc_library(name = name, copts = WARNINGS + copts, **kwargs)

def playhead_cc_binary(name, copts = [], **kwargs):
    native.cc_binary(name = name, copts = WARNINGS + copts, **kwargs)

# May take a quarter of an hour: on two busy cores, under a sanitizer, tests of a minute can take ten times as long.
def playhead_cc_test(name, size = "medium", timeout = "long", copts = [], deps = [], **kwargs):
    native.cc_test(
        name = name,
        size = size,
        timeout = timeout,
        copts = WARNINGS + copts,
        deps = deps + ["//tools/bazel:gtest_main"],
        **kwargs
    )

def playhead_proto_library(name, srcs, deps = [], grpc = True, visibility = None):
    """C++ messages, and with `grpc` services, from .proto files; an include path starts at the folder proto/.

    Args:
      name: the cc_library to make.
      srcs: .proto files, all in this package.
      deps: other playhead_proto_library targets whose files these import.
      grpc: whether to generate service stubs too.
      visibility: of the library.
    """
    stems = [src[:-len(".proto")] for src in srcs]
    outs = []
    for stem in stems:
        outs += [stem + ".pb.h", stem + ".pb.cc"]
        if grpc:
            outs += [stem + ".grpc.pb.h", stem + ".grpc.pb.cc"]
    plugin = ("--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin --grpc_out=$(GENDIR)/proto ") if grpc else ""
    native.filegroup(name = name + "_srcs", srcs = srcs + [dep + "_srcs" for dep in deps], visibility = visibility)
    native.genrule(
        name = name + "_codegen",
        srcs = [":" + name + "_srcs"],
        outs = outs,
        cmd = "protoc -Iproto --cpp_out=$(GENDIR)/proto " + plugin +
              " ".join(["$(location %s)" % src for src in srcs]),
        tools = srcs,
        message = "Generating C++ from",
    )
    native.cc_library(
        name = name,
        srcs = [out for out in outs if out.endswith(".cc")],
        hdrs = [out for out in outs if out.endswith(".h")],
        copts = ["-w"],  # Generated code.
        strip_include_prefix = "/proto",
        visibility = visibility,
        deps = deps + ["//tools/bazel:grpc" if grpc else "//tools/bazel:protobuf"],
    )

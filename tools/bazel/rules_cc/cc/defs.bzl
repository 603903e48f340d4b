"""Forwards rules_cc to Bazel's native C++ rules: the distribution's own rules_cc is too new for its Bazel."""

cc_library = native.cc_library
cc_binary = native.cc_binary
cc_test = native.cc_test
cc_import = native.cc_import
cc_proto_library = native.cc_proto_library
cc_toolchain = native.cc_toolchain
cc_toolchain_suite = native.cc_toolchain_suite
fdo_prefetch_hints = native.fdo_prefetch_hints
fdo_profile = native.fdo_profile
objc_import = native.objc_import
objc_library = native.objc_library

def cc_toolchain_alias(**kwargs):
    native.cc_toolchain_alias(**kwargs)

def compiler_flag(**_kwargs):
    pass

def cc_flags_supplier(**_kwargs):
    pass

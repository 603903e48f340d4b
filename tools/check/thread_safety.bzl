"""An aspect that runs Clang's thread-safety analysis over our sources: one cached action a file, no code generated."""

def _thread_safety_impl(target, ctx):
    if not hasattr(ctx.rule.attr, "srcs") or not ctx.rule.kind.startswith("cc_"):
        return []
    contexts = [dep[CcInfo].compilation_context for dep in ctx.rule.attr.deps if CcInfo in dep]
    if CcInfo in target:
        contexts.append(target[CcInfo].compilation_context)
    includes = depset(transitive = [c.includes for c in contexts] + [c.system_includes for c in contexts] +
                                   [c.quote_includes for c in contexts])
    defines = depset(transitive = [c.defines for c in contexts])
    headers = depset(
        [f for f in ctx.rule.files.srcs if f.extension == "h"],
        transitive = [c.headers for c in contexts],
    )
    stamps = []
    for src in ctx.rule.files.srcs:
        if src.extension != "cc" or not src.is_source:
            continue  # Generated code is not ours.
        stamp = ctx.actions.declare_file("_thread_safety/%s/%s.ok" % (target.label.name, src.basename))
        args = ctx.actions.args()
        args.add_all(["-fsyntax-only", "-std=c++20", "-Wno-everything", "-Wthread-safety", "-Werror=thread-safety"])
        args.add_all(defines, format_each = "-D%s")
        args.add("-I.")
        args.add_all(includes, before_each = "-isystem")
        args.add(src)
        ctx.actions.run_shell(
            inputs = depset([src], transitive = [headers]),
            outputs = [stamp],
            arguments = [stamp.path, src.path, args],
            # A file without a lock, which is not the other half of a class with one, has nothing to analyse: skip it,
            # because parsing takes the time.
            command = 'stamp=$1; source=$2; shift 2; ' +
                      'if grep -qs Mutex "$source" "${source%.cc}.h"; then clang++ "$@"; fi && touch "$stamp"',
            mnemonic = "ThreadSafety",
            progress_message = "Checking thread safety of %s" % src.short_path,
            use_default_shell_env = True,
        )
        stamps.append(stamp)
    return [OutputGroupInfo(thread_safety = depset(stamps))]

thread_safety = aspect(implementation = _thread_safety_impl)

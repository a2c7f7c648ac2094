// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;

/**
 * The arguments of a guest's QEMU.
 *
 * @param lifetime maximum run time, after which QEMU is killed, even if this process has ended
 * @param command returns the arguments after QEMU's name, given the file for the kernel's console; the guest's
 *     shell uses QEMU's standard input and output
 */
record QemuArguments(Duration lifetime, Function<Path, List<String>> command) {

  List<String> arguments(Path console) {
    return command.apply(console);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;

/**
 * What a guest runs on.
 *
 * @param lifetime how long it may run; QEMU is ended then, whatever becomes of this process
 * @param command what follows QEMU's name, from the file that the kernel's console is written to; the guest's command
 *     line is QEMU's standard input and output
 */
record QemuArguments(Duration lifetime, Function<Path, List<String>> command) {

  List<String> arguments(Path console) {
    return command.apply(console);
  }
}

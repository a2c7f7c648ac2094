// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.keys;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.spi.ToolProvider;

/**
 * Creates a {@link KeySet} from the arguments {@code OUT SECONDS HOST...}. It is a {@link ToolProvider}, so that
 * the command finds it by name and does not require this module, which on the module path would slow down every
 * start of the JVM by half a second.
 */
public final class KeysTool implements ToolProvider {

  /** The tool's name. */
  public static final String NAME = "vfio4j-keys";

  /** Exit code for invalid arguments; the message is on standard error. */
  private static final int USAGE = 2;

  private static final int FAILED = 1;

  /** Used by the service loader. */
  public KeysTool() {
  }

  @Override
  public String name() {
    return NAME;
  }

  /** Returns 0, 1 if the set could not be created, or 2 if an argument is invalid. */
  @Override
  public int run(PrintWriter out, PrintWriter err, String... args) {
    try {
      List<Host> hosts = Arrays.stream(args).skip(2).map(Host::parse).toList();
      KeySet.write(Path.of(args[0]), hosts, Instant.now(), Duration.ofSeconds(Long.parseLong(args[1])));
      return 0;
    } catch (IllegalArgumentException e) {
      err.print(e.getMessage());
      return USAGE;
    } catch (FileAlreadyExistsException e) {
      err.print(e.getMessage() + " exists already; remove it or choose another folder");
      return FAILED;
    } catch (NoSuchFileException e) {
      err.print(
          "cannot create the keys: no such directory: " + Path.of(args[0]).toAbsolutePath().getParent());
      return FAILED;
    } catch (AccessDeniedException e) {
      err.print("cannot create the keys: permission denied: " + e.getFile());
      return FAILED;
    } catch (IOException | GeneralSecurityException e) {
      err.print("cannot create the keys: " + e.getMessage());
      return FAILED;
    }
  }
}

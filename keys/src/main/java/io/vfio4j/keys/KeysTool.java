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
 * Makes a {@link KeySet} from arguments {@code OUT SECONDS HOST...}. A tool, as the JDK has tools: the command finds it
 * by name and is not bound to this module, which costs every start of a JVM half a second where it is on the
 * module path.
 */
public final class KeysTool implements ToolProvider {

  /** What to look for. */
  public static final String NAME = "vfio4j-keys";

  /** Wrong arguments, with words on the standard error. */
  private static final int USAGE = 2;

  private static final int FAILED = 1;

  /** For the service loader. */
  public KeysTool() {
  }

  @Override
  public String name() {
    return NAME;
  }

  /** Returns 0, or 1 if the set could not be made, or 2 if an argument is wrong. */
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
      err.print(e.getMessage() + " exists already; name a folder that does not, or remove it");
      return FAILED;
    } catch (NoSuchFileException e) {
      err.print(
          "the keys could not be made: no such directory: " + Path.of(args[0]).toAbsolutePath().getParent());
      return FAILED;
    } catch (AccessDeniedException e) {
      err.print("the keys could not be made: permission denied: " + e.getFile());
      return FAILED;
    } catch (IOException | GeneralSecurityException e) {
      err.print("the keys could not be made: " + e.getMessage());
      return FAILED;
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import io.vfio4j.cli.base.ChildServer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;

/**
 * Provides a {@link GuestEnvironment} to the tests of a class. If this machine cannot run guests, the tests are
 * skipped and the reason is printed; with {@code CI=true} they fail. When a test fails, the last output of guests
 * and servers is printed.
 */
final class GuestExtension implements BeforeAllCallback, AfterAllCallback, TestExecutionExceptionHandler,
    LifecycleMethodExecutionExceptionHandler {

  private static final Path CACHE = Path.of(System.getProperty("vfio4j.interop.cache", "target/cache"));

  private @Nullable GuestEnvironment environment;
  private @Nullable VfioGuests vfioGuests;

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    getOrSkip(() -> environment = GuestEnvironment.open(CACHE));
  }

  private interface Attempt<T> {
    T get() throws UnavailableException, IOException, InterruptedException;
  }

  private static <T> T getOrSkip(Attempt<T> attempt) throws IOException, InterruptedException {
    try {
      return attempt.get();
    } catch (UnavailableException e) {
      throw TestPrerequisites.skipOrFail("cannot run guests: " + e.getMessage(), e);
    }
  }

  private GuestEnvironment environment() {
    return Objects.requireNonNull(environment);
  }

  ChildServer serve(String device, String... options) throws Exception {
    return environment().serve(device, options);
  }

  ControlledServer serveControlled(String device, String... options) throws Exception {
    return environment().serveControlled(device, options);
  }

  ControlledServer servePatched(Path classes, String device, String... options) throws Exception {
    return environment().servePatched(classes, device, options);
  }

  Guest boot(GuestSettings settings) throws Exception {
    return getOrSkip(() -> environment().boot(settings));
  }

  /** Starts a guest and two servers for its device. */
  SwapRun startSwapRun(SwapGuest kind, int swaps) throws Exception {
    return getOrSkip(() -> SwapRun.start(environment(), kind, swaps));
  }

  /** Starts a guest whose kernel has migratable VFIO devices. */
  Guest bootVfio(VfioInterface interfaces, int memoryMiB) throws Exception {
    return getOrSkip(() -> {
      VfioGuests made = vfioGuests;
      if (made == null) {
        made = VfioGuests.in(environment(), CACHE,
            Path.of(System.getProperty("vfio4j.interop.kernel", "kernel")),
            VfioGuests.modules(System.getProperty("vfio4j.interop.modules", "target/lib")));
        vfioGuests = made;
      }
      return made.boot(interfaces, memoryMiB);
    });
  }

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
    printTails(context);
    throw failure;
  }

  @Override
  public void handleBeforeAllMethodExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    printTails(context);
    throw failure;
  }

  private void printTails(ExtensionContext context) throws IOException {
    GuestEnvironment current = environment;
    if (current != null) {
      System.out.println(context.getDisplayName() + ":" + System.lineSeparator() + current.tails());
    }
  }

  @Override
  public void afterAll(ExtensionContext context) throws Exception {
    GuestEnvironment closed = environment;
    if (closed != null) {
      closed.close();
    }
  }
}

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
 * A lab for the tests of a class. Where guests cannot be had the tests are skipped and the reason is printed; with
 * {@code CI=true} they fail. When a test fails, what guests and servers said last is printed.
 */
final class GuestLab implements BeforeAllCallback, AfterAllCallback, TestExecutionExceptionHandler,
    LifecycleMethodExecutionExceptionHandler {

  private static final Path CACHE = Path.of(System.getProperty("vfio4j.interop.cache", "target/cache"));

  private @Nullable Lab lab;
  private @Nullable VfioLab vfioLab;

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    orSkip(() -> lab = Lab.open(CACHE));
  }

  private interface Attempt<T> {
    T get() throws UnavailableException, IOException, InterruptedException;
  }

  private static <T> T orSkip(Attempt<T> attempt) throws IOException, InterruptedException {
    try {
      return attempt.get();
    } catch (UnavailableException e) {
      throw Needed.missing("no guests: " + e.getMessage(), e);
    }
  }

  private Lab lab() {
    return Objects.requireNonNull(lab);
  }

  ChildServer serve(String device, String... options) throws Exception {
    return lab().serve(device, options);
  }

  Guest boot(GuestSettings settings) throws Exception {
    return orSkip(() -> lab().boot(settings));
  }

  /** Starts a guest whose kernel has VFIO devices that can migrate. */
  Guest bootVfio(VfioInterface which, int memoryMiB) throws Exception {
    return orSkip(() -> {
      VfioLab made = vfioLab;
      if (made == null) {
        made = VfioLab.in(lab(), CACHE, Path.of(System.getProperty("vfio4j.interop.kernel", "kernel")),
            VfioLab.modules(System.getProperty("vfio4j.interop.modules", "target/lib")));
        vfioLab = made;
      }
      return made.boot(which, memoryMiB);
    });
  }

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable failure) throws Throwable {
    tell(context);
    throw failure;
  }

  @Override
  public void handleBeforeAllMethodExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    tell(context);
    throw failure;
  }

  private void tell(ExtensionContext context) throws IOException {
    Lab told = lab;
    if (told != null) {
      System.out.println(context.getDisplayName() + ":" + System.lineSeparator() + told.tails());
    }
  }

  @Override
  public void afterAll(ExtensionContext context) throws Exception {
    Lab closed = lab;
    if (closed != null) {
      closed.close();
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import io.vfio4j.linux.modules.NativeAccess;
import java.lang.module.Configuration;
import java.lang.module.FindException;
import java.lang.module.ModuleFinder;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Modules that few commands need. They lie in folders of their own beside the command's jar, and are not on the module
 * path: the JVM looks through every jar there at each start.
 */
public final class OnDemandModules {

  private OnDemandModules() {
  }

  /**
   * Loads a module with what it needs.
   *
   * @param module its name; the folder has that name too
   * @param service what it provides
   * @param natives the modules, of those that come with it, that call native code
   * @throws CommandException if it is not there, or cannot be used
   */
  public static <S> S load(String module, Class<S> service, String... natives) throws CommandException {
    Path folder = installationFolder().resolve("later").resolve(module);
    if (!Files.isDirectory(folder)) {
      throw missingModule(module, folder, null);
    }
    try {
      Configuration configuration = ModuleLayer.boot().configuration()
          .resolveAndBind(ModuleFinder.of(folder), ModuleFinder.of(), Set.of(module));
      ModuleLayer.Controller layer = ModuleLayer.defineModulesWithOneLoader(configuration,
          List.of(ModuleLayer.boot()), ClassLoader.getPlatformClassLoader());
      for (String one : natives) {
        NativeAccess.grant(layer, one);
      }
      return ServiceLoader.load(layer.layer(), service).stream()
          .filter(provider -> provider.type().getModule().getName().equals(module)).findFirst()
          .orElseThrow(() -> new FindException(module + " provides nothing")).get();
    } catch (FindException e) {
      throw missingModule(module, folder, e);
    } catch (ServiceConfigurationError e) {
      throw new CommandException(ExitCodes.FAILURE, "the module %s cannot be used: %s".formatted(module,
          e.getCause() == null ? e.getMessage() : e.getCause().getMessage()), e);
    }
  }

  private static CommandException missingModule(String module, Path folder,
      @Nullable Exception cause) {
    return new CommandException(ExitCodes.FAILURE,
        "this installation lacks the module %s, which is expected in %s".formatted(module, folder), cause);
  }

  private static Path installationFolder() {
    Module self = OnDemandModules.class.getModule();
    URI location = self.getLayer().configuration().findModule(self.getName())
        .flatMap(resolved -> resolved.reference().location())
        .orElseThrow(() -> new IllegalStateException("a module from nowhere"));
    return Path.of(location).resolveSibling(".").normalize();
  }
}

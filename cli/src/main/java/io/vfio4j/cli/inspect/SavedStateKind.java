// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.inspect;

import io.vfio4j.cli.ExitCodes;
import io.vfio4j.cli.Json;
import io.vfio4j.cli.LaterCodecs;
import io.vfio4j.cli.Output;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.SavedFile;
import java.io.IOException;
import java.util.Optional;

/** Files with saved states. */
final class SavedStateKind implements FileKind {

  @Override
  public String name() {
    return "saved states";
  }

  @Override
  public boolean recognises(byte[] beginning) {
    return SavedFile.recognises(beginning);
  }

  @Override
  public boolean isForDevices() {
    return true;
  }

  @Override
  public int show(Inspection inspection) throws IOException {
    Output output = inspection.output();
    SavedFile file = SavedFile.check(inspection.path(), LaterCodecs.INSTANCE);
    SavedStateWords.lines(file.state(), inspection.path()).forEach(output::line);
    Json json = SavedStateJson.addTo(Json.event("saved-state").with("file", inspection.path().toString()),
        file.state());
    if (!inspection.isToFit()) {
      output.result(json.build());
      return ExitCodes.DONE;
    }
    Optional<String> misfit = inspection
        .look(ensemble -> file.misfit(ensemble, MigrationOptions.defaults()));
    output.line(misfit.map(reason -> "fits         no: " + reason)
        .orElse("fits         yes, as far as can be told: whether a device accepts what only its driver "
            + "understands is known when all of it has been loaded and RESUMING is left"));
    output.result(json.with("fits", misfit.isEmpty()).with("misfit", misfit.orElse(null)).build());
    return misfit.isEmpty() ? ExitCodes.DONE : ExitCodes.NOT_DONE;
  }
}

@NullMarked
package io.vfio4j.engine.preflight;

import org.jspecify.annotations.NullMarked;

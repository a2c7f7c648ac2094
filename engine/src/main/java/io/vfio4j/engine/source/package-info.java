@NullMarked
package io.vfio4j.engine.source;

import org.jspecify.annotations.NullMarked;

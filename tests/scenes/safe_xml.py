"""The XML files of Sentinel-1 products, to the product specification (S1-RS-MDA-52-7441)."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import numpy as np
from s1_orbit import TO_ECEF, C, Orbit

INTERVAL_S = 1.4966e-3


def header_of(
    platform: str, pol: str, kind: str, swath: str, start: dt.datetime, stop: dt.datetime, orbit: int, number: int
) -> str:
    return f"""<adsHeader><missionId>{platform}</missionId><productType>{kind}</productType>
<polarisation>{pol}</polarisation><mode>IW</mode><swath>{swath}</swath><startTime>{iso(start)}</startTime>
<stopTime>{iso(stop)}</stopTime><absoluteOrbitNumber>{orbit}</absoluteOrbitNumber>
<missionDataTakeId>340395</missionDataTakeId><imageNumber>{number:03d}</imageNumber></adsHeader>"""


def product_annotation(
    header: str,
    start: dt.datetime,
    stop: dt.datetime,
    orbit: Orbit,
    start_s: float,
    ascending: bool,
    lines: int,
    samples: int,
    range_spacing: float,
    azimuth_spacing: float,
    slant_range_time: float,
    points: str,
    point_count: int,
    conversions: str = "",
    conversion_count: int = 0,
    timing: str = '<linesPerBurst>0</linesPerBurst><samplesPerBurst>0</samplesPerBurst><burstList count="0"/>',
    interval: float = INTERVAL_S,
    projection: str = "Ground Range",
) -> str:
    """The product annotation: the parts of it that readers use, named and ordered as the specification has them."""
    vectors = "".join(_vector(orbit, start, start_s, t) for t in range(-80, 90, 10))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<product>{header}
<qualityInformation><productQualityIndex>0.0</productQualityIndex></qualityInformation>
<generalAnnotation><productInformation><pass>{"Ascending" if ascending else "Descending"}</pass>
<timelinessCategory>Fast-24h</timelinessCategory><platformHeading>-1.2e+01</platformHeading>
<projection>{projection}</projection><rangeSamplingRate>6.434523812571428e+07</rangeSamplingRate>
<radarFrequency>5.405000454334350e+09</radarFrequency><azimuthSteeringRate>1.59</azimuthSteeringRate>
</productInformation><orbitList count="17">{vectors}</orbitList><attitudeList count="0"/>
<azimuthFmRateList count="0"/></generalAnnotation>
<imageAnnotation><imageInformation><productFirstLineUtcTime>{iso(start)}</productFirstLineUtcTime>
<productLastLineUtcTime>{iso(stop)}</productLastLineUtcTime>
<ascendingNodeTime>{iso(start - dt.timedelta(minutes=10))}</ascendingNodeTime>
<anchorTime>{iso(start)}</anchorTime><productComposition>Slice</productComposition><sliceNumber>1</sliceNumber>
<sliceList count="0"/><slantRangeTime>{slant_range_time:.15e}</slantRangeTime><pixelValue>Detected</pixelValue>
<outputPixels>16 bit Unsigned Integer</outputPixels><rangePixelSpacing>{range_spacing:.9e}</rangePixelSpacing>
<azimuthPixelSpacing>{azimuth_spacing:.9e}</azimuthPixelSpacing>
<azimuthTimeInterval>{interval:.15e}</azimuthTimeInterval><azimuthFrequency>4.86e+02</azimuthFrequency>
<numberOfSamples>{samples}</numberOfSamples><numberOfLines>{lines}</numberOfLines>
<zeroDopMinusAcqTime>0.0</zeroDopMinusAcqTime><incidenceAngleMidSwath>3.9e+01</incidenceAngleMidSwath>
</imageInformation><processingInformation>
<thermalNoiseCorrectionPerformed>false</thermalNoiseCorrectionPerformed></processingInformation></imageAnnotation>
<dopplerCentroid><dcEstimateList count="0"/></dopplerCentroid>
<swathTiming>{timing}</swathTiming>
<geolocationGrid><geolocationGridPointList count="{point_count}">{points}</geolocationGridPointList></geolocationGrid>
<coordinateConversion><coordinateConversionList count="{conversion_count}">{conversions}</coordinateConversionList>
</coordinateConversion><swathMerging><swathMergeList count="0"/></swathMerging></product>"""


def _vector(orbit: Orbit, start: dt.datetime, start_s: float, t: float) -> str:
    position, velocity = orbit.at(start_s + t)
    xyz = [
        "".join(f"<{axis}>{v:.9e}</{axis}>" for axis, v in zip("xyz", vector, strict=True))
        for vector in (position, velocity)
    ]
    return (
        f"<orbit><time>{after(start, t)}</time><frame>Earth Fixed</frame><position>{xyz[0]}</position>"
        f"<velocity>{xyz[1]}</velocity></orbit>"
    )


def grid_point(
    orbit: Orbit,
    start: dt.datetime,
    start_s: float,
    t: float,
    line: int,
    pixel: int,
    lon: float,
    lat: float,
    slant: float,
    height: float,
) -> str:
    """One point of the geolocation grid."""
    target = np.array(TO_ECEF.transform(lon, lat, height))
    up = np.array(
        [
            np.cos(np.radians(lat)) * np.cos(np.radians(lon)),
            np.cos(np.radians(lat)) * np.sin(np.radians(lon)),
            np.sin(np.radians(lat)),
        ]
    )
    sight = orbit.at(start_s + t)[0] - target
    incidence = np.degrees(np.arccos(sight @ up / np.linalg.norm(sight)))
    return (
        f"<geolocationGridPoint><azimuthTime>{after(start, t)}</azimuthTime>"
        f"<slantRangeTime>{2 * slant / C:.15e}</slantRangeTime><line>{line}</line><pixel>{pixel}</pixel>"
        f"<latitude>{lat:.12e}</latitude><longitude>{lon:.12e}</longitude><height>{height:.6e}</height>"
        f"<incidenceAngle>{incidence:.9e}</incidenceAngle><elevationAngle>3.4e+01</elevationAngle></geolocationGridPoint>"
    )


def manifest_of(
    root: Path, files: list[tuple[str, str]], pols: list[str], start: dt.datetime, stop: dt.datetime,
    platform: str, orbit: int, ipf: str, ascending: bool, kind: str = "GRD",
) -> str:  # fmt: skip
    objects = annotations = units = ""
    for path, schema in files:
        key = Path(path).stem.replace("-", "") + ("pixels" if path.startswith("measurement") else "")
        content = (root / path).read_bytes()
        mime = "application/octet-stream" if path.startswith("measurement") else "text/xml"
        objects += (
            f'<dataObject ID="{key}" repID="{schema}"><byteStream mimeType="{mime}" size="{len(content)}">'
            f'<fileLocation locatorType="URL" href="./{path}"/>'
            f'<checksum checksumName="MD5">{hashlib.md5(content).hexdigest()}</checksum></byteStream></dataObject>'
        )
        if path.startswith("annotation"):
            annotations += (
                f'<metadataObject ID="{key}Annotation" classification="DESCRIPTION" category="DMD">'
                f'<dataObjectPointer dataObjectID="{key}"/></metadataObject>'
            )
            unit, extra = "Metadata Unit", ""
        else:
            unit = "Measurement Data Unit"
            stem = Path(path).stem.replace("-", "")
            parts = (stem, f"noise{stem}", f"calibration{stem}")
            extra = f' dmdID="{" ".join(f"{p}Annotation" for p in parts)}"'
        units += (
            f'<xfdu:contentUnit unitType="{unit}" repID="{schema}"{extra}><dataObjectPointer dataObjectID="{key}"/>'
            "</xfdu:contentUnit>"
        )
    channels = "".join(
        f"<s1sarl1:transmitterReceiverPolarisation>{p}</s1sarl1:transmitterReceiverPolarisation>" for p in pols
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<xfdu:XFDU xmlns:gml="http://www.opengis.net/gml" xmlns:xfdu="urn:ccsds:schema:xfdu:1"
 xmlns:safe="http://www.esa.int/safe/sentinel-1.0" xmlns:s1="http://www.esa.int/safe/sentinel-1.0/sentinel-1"
 xmlns:s1sarl1="http://www.esa.int/safe/sentinel-1.0/sentinel-1/sar/level-1"
 version="esa/safe/sentinel-1.0/sentinel-1/sar/level-1/{kind.lower()}/standard/iwdp">
<informationPackageMap><xfdu:contentUnit unitType="SAFE Archive Information Package"
 textInfo="Sentinel-1 IW Level-1 {kind} Product">{units}</xfdu:contentUnit></informationPackageMap>
<metadataSection>{annotations}
<metadataObject ID="processing" classification="PROVENANCE" category="PDI"><metadataWrap><xmlData>
<safe:processing name="GRD Post Processing" start="{iso(start + dt.timedelta(hours=2))}"
 stop="{iso(start + dt.timedelta(hours=3))}">
<safe:facility country="x" name="built by a test" organisation="x" site="x">
<safe:software name="Sentinel-1 IPF" version="{ipf}"/></safe:facility></safe:processing>
</xmlData></metadataWrap></metadataObject>
<metadataObject ID="platform" classification="DESCRIPTION" category="DMD"><metadataWrap><xmlData><safe:platform>
<safe:nssdcIdentifier>2014-016A</safe:nssdcIdentifier><safe:familyName>SENTINEL-1</safe:familyName>
<safe:number>{platform[-1]}</safe:number><safe:instrument>
<safe:familyName abbreviation="SAR">Synthetic Aperture Radar</safe:familyName><safe:extension>
<s1sarl1:instrumentMode><s1sarl1:mode>IW</s1sarl1:mode><s1sarl1:swath>IW</s1sarl1:swath></s1sarl1:instrumentMode>
</safe:extension></safe:instrument></safe:platform></xmlData></metadataWrap></metadataObject>
<metadataObject ID="measurementOrbitReference" classification="DESCRIPTION" category="DMD"><metadataWrap><xmlData>
<safe:orbitReference><safe:orbitNumber type="start">{orbit}</safe:orbitNumber>
<safe:orbitNumber type="stop">{orbit}</safe:orbitNumber>
<safe:relativeOrbitNumber type="start">{(orbit - 73) % 175 + 1}</safe:relativeOrbitNumber>
<safe:relativeOrbitNumber type="stop">{(orbit - 73) % 175 + 1}</safe:relativeOrbitNumber>
<safe:cycleNumber>264</safe:cycleNumber><safe:phaseIdentifier>1</safe:phaseIdentifier>
<safe:extension><s1:orbitProperties><s1:pass>{"ASCENDING" if ascending else "DESCENDING"}</s1:pass>
<s1:ascendingNodeTime>{iso(start - dt.timedelta(minutes=10))}</s1:ascendingNodeTime></s1:orbitProperties>
</safe:extension>
</safe:orbitReference></xmlData></metadataWrap></metadataObject>
<metadataObject ID="generalProductInformation" classification="DESCRIPTION" category="DMD"><metadataWrap><xmlData>
<s1sarl1:standAloneProductInformation><s1sarl1:instrumentConfigurationID>7</s1sarl1:instrumentConfigurationID>
<s1sarl1:missionDataTakeID>340395</s1sarl1:missionDataTakeID>{channels}<s1sarl1:productClass>S</s1sarl1:productClass>
<s1sarl1:productClassDescription>SAR Standard L1 Product</s1sarl1:productClassDescription>
<s1sarl1:productComposition>Slice</s1sarl1:productComposition><s1sarl1:productType>{kind}</s1sarl1:productType>
<s1sarl1:productTimelinessCategory>Fast-24h</s1sarl1:productTimelinessCategory></s1sarl1:standAloneProductInformation>
</xmlData></metadataWrap></metadataObject>
<metadataObject ID="acquisitionPeriod" classification="DESCRIPTION" category="DMD"><metadataWrap><xmlData>
<safe:acquisitionPeriod><safe:startTime>{iso(start)}</safe:startTime><safe:stopTime>{iso(stop)}</safe:stopTime>
</safe:acquisitionPeriod></xmlData></metadataWrap></metadataObject>
<metadataObject ID="measurementFrameSet" classification="DESCRIPTION" category="DMD"><metadataWrap><xmlData>
<safe:frameSet><safe:frame><safe:footPrint srsName="http://www.opengis.net/gml/srs/epsg.xml#4326">
<gml:coordinates>0,0 0,1 1,1 1,0</gml:coordinates></safe:footPrint></safe:frame></safe:frameSet>
</xmlData></metadataWrap></metadataObject></metadataSection>
<dataObjectSection>{objects}</dataObjectSection></xfdu:XFDU>"""


def listed(values: np.ndarray) -> str:
    return " ".join(f"{v:.15e}" for v in values)


def iso(time: dt.datetime) -> str:
    return time.isoformat(timespec="microseconds")


def after(start: dt.datetime, seconds: float) -> str:
    """A time in the annotation's microseconds, kept to the nanosecond so that tests need no tolerance for rounding."""
    return str(np.datetime64(start, "ns") + np.timedelta64(round(seconds * 1e9), "ns"))
